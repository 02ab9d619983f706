#include "supervisor/restore/shared_births.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "supervisor/image/shared_state.h"

namespace tardigrade {
namespace {

// One kind of state: for each process of the image its group, and that which it is born with.
struct Groups {
  const SharedState* state;
  std::vector<size_t> own;
  std::vector<size_t> at_birth;
};

// What a task makes: a process, or a stand-in that makes some.
struct Making {
  std::vector<size_t> children;
  uint64_t* born_sharing;  // Of whom is made at once.
  uint64_t* maker_unshares;
};

// Whose state of one kind the maker has, and has had; kNobody: its own, which it has not passed on.
struct Holding {
  size_t has = kNobody;
  std::set<size_t> had;
};

class Planner {
 public:
  Planner(const LoadedImage& image, BirthPlan& plan) : image_(image), plan_(plan) {}

  Status Run() {
    FindMakers();
    for (const SharedState& state : kSharedStates) RETURN_IF_ERROR(FindGroups(state));
    for (size_t task = 0; task < plan_.tasks.size(); ++task) RETURN_IF_ERROR(PlanMaker(task));
    return Ok();
  }

 private:
  // In the order in which Task (task_entry.cc) makes them: visit(list, what each of its elements
  // makes).
  void EachList(size_t task, const auto& visit) {
    BirthPlan::Task& maker = plan_.tasks[task];
    const auto child = [this](size_t i) {
      return Making{{i}, &plan_.tasks[i].born_sharing, &plan_.tasks[i].maker_unshares};
    };
    const auto adoptee = [&child](const BirthPlan::Adoptee& a) { return child(a.child); };
    const auto stand_in = [](BirthPlan::SessionStandIn& s) {
      return Making{s.children, &s.born_sharing, &s.maker_unshares};
    };
    visit(maker.children_before, child);
    visit(maker.adoptees_before, adoptee);
    visit(maker.children, child);
    visit(maker.adoptees, adoptee);
    visit(maker.stand_ins, stand_in);
  }

  void FindMakers() {
    maker_.assign(plan_.tasks.size(), kNobody);
    for (size_t task = 0; task < plan_.tasks.size(); ++task) {
      EachList(task, [&](auto& list, const auto& making) {
        for (auto& element : list) {
          for (const size_t child : making(element).children) maker_[child] = task;
        }
      });
    }
  }

  Status FindGroups(const SharedState& state) {
    std::map<int32_t, size_t> index;
    for (size_t i = 0; i < maker_.size(); ++i) index.emplace(image_.processes[i].document.pid, i);
    Groups groups{
        .state = &state, .own = std::vector<size_t>(maker_.size(), kNobody), .at_birth = {}};
    for (size_t i = 0; i < maker_.size(); ++i) {
      const int32_t with = image_.processes[i].document.shared.*state.with;
      if (with != 0) groups.own[i] = groups.own[index.at(with)] = index.at(with);
    }
    Result<std::vector<size_t>> at_birth = GroupsAtBirth(maker_, groups.own);
    if (!at_birth.has_value())
      return std::move(at_birth).error().While(StrCat("processes that share ", state.what));
    groups.at_birth = std::move(at_birth).value();
    groups_.push_back(std::move(groups));
    return Ok();
  }

  // The group whose state somebody is to be made with; of children of a stand-in that of any.
  size_t GroupOf(const Making& making, const Groups& groups) const {
    for (const size_t child : making.children) {
      if (groups.at_birth[child] != kNobody) return groups.at_birth[child];
    }
    return kNobody;
  }

  // First who is born with what the maker has, last with what it has for who comes later, or keeps.
  using Rank = std::vector<std::pair<int, size_t>>;
  Rank RankOf(size_t task, const Making& making, const std::vector<Holding>& holdings,
              const std::vector<std::set<size_t>>& later) const {
    Rank rank;
    for (size_t i = 0; i < groups_.size(); ++i) {
      const size_t group = GroupOf(making, groups_[i]);
      int when = 1;
      if (group != kNobody && later[i].contains(group)) when = 2;
      if (group != kNobody && group == holdings[i].has) when = 0;
      if (group != kNobody && group == groups_[i].own[task]) when = 3;
      rank.emplace_back(when, group);
    }
    return rank;
  }

  template <typename Element>
  static void SortByRank(std::vector<Element>& list, const auto& rank_of) {
    std::vector<std::pair<Rank, Element>> ranked;
    for (Element& element : list) ranked.emplace_back(rank_of(element), element);
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t i = 0; i < list.size(); ++i) list[i] = std::move(ranked[i].second);
  }

  Status PlanMaker(size_t task) {
    std::vector<Holding> holdings;
    for (const Groups& groups : groups_)
      holdings.push_back({.has = groups.at_birth[task], .had = {}});
    // Per list and kind of state, the groups that are wanted.
    std::vector<std::vector<std::set<size_t>>> wanted;
    EachList(task, [&](auto& list, const auto& making) {
      std::vector<std::set<size_t>>& sets = wanted.emplace_back(groups_.size());
      for (auto& element : list) {
        for (size_t i = 0; i < groups_.size(); ++i)
          sets[i].insert(GroupOf(making(element), groups_[i]));
      }
    });
    size_t number = 0;
    Status planned = Ok();
    EachList(task, [&](auto& list, const auto& making) {
      std::vector<std::set<size_t>> later(groups_.size());
      for (size_t next = ++number; next < wanted.size(); ++next) {
        for (size_t i = 0; i < groups_.size(); ++i)
          later[i].insert(wanted[next][i].begin(), wanted[next][i].end());
      }
      SortByRank(list,
                 [&](auto& element) { return RankOf(task, making(element), holdings, later); });
      for (auto& element : list) {
        if (planned.has_value()) planned = PlanMaking(task, making(element), holdings);
      }
    });
    RETURN_IF_ERROR(planned);
    for (size_t i = 0; i < groups_.size(); ++i) {
      const size_t own = groups_[i].own[task];
      if (holdings[i].has != own && own != kNobody) return Refuse(task, groups_[i]);
      RETURN_IF_ERROR(Change(task, groups_[i], holdings[i], own, plan_.tasks[task].unshares));
    }
    return Ok();
  }

  Status PlanMaking(size_t task, const Making& making, std::vector<Holding>& holdings) {
    for (size_t i = 0; i < groups_.size(); ++i) {
      const Groups& groups = groups_[i];
      const size_t wanted = GroupOf(making, groups);
      if (wanted == kNobody) continue;
      for (const size_t child : making.children) {
        const size_t group = groups.at_birth[child];
        if (group == kNobody) continue;
        if (group != wanted) return Refuse(task, groups);
        plan_.tasks[child].born_sharing |= groups.state->clone_flag;
      }
      *making.born_sharing |= groups.state->clone_flag;
      RETURN_IF_ERROR(Change(task, groups, holdings[i], wanted, *making.maker_unshares));
    }
    return Ok();
  }

  Status Change(size_t task, const Groups& groups, Holding& holding, size_t to,
                uint64_t& unshares) const {
    if (holding.has == to) return Ok();
    if (holding.has != kNobody) {
      if (!groups.state->can_unshare) return Refuse(task, groups);
      holding.had.insert(holding.has);
      unshares |= groups.state->clone_flag;
    }
    holding.has = to;
    return to != kNobody && holding.had.contains(to) ? Refuse(task, groups) : Ok();
  }

  Status Refuse(size_t task, const Groups& groups) const {
    return Error(
        ErrorCode::kUnsupported,
        StrCat("process ", image_.processes[task].document.pid, " has made processes that share ",
               groups.state->what, " in a way that cannot be restored yet"));
  }

  const LoadedImage& image_;
  BirthPlan& plan_;
  std::vector<size_t> maker_;
  std::vector<Groups> groups_;
};

}  // namespace

Status PlanSharedBirths(const LoadedImage& image, BirthPlan& plan) {
  return Planner(image, plan).Run();
}

}  // namespace tardigrade
