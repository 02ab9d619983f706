#include "supervisor/restore/birth_plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "supervisor/restore/shared_births.h"
#include "supervisor/restore/sibling_births.h"

namespace tardigrade {
namespace {

// The session of whoever restores.
constexpr int32_t kOuter = 0;

class Planner {
 public:
  Planner(const LoadedImage& image, const std::function<bool(int32_t)>& is_free) : image_(image), is_free_(is_free) {}

  Result<BirthPlan> Run() {
    const size_t count = image_.processes.size();
    plan_.tasks.resize(count);
    for (size_t i = 0; i < count; ++i) index_.emplace(Document(i).pid, i);
    parent_.assign(count, BirthPlan::npos);
    children_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      for (const ThreadDocument& thread : Document(i).threads) ids_.insert(thread.tid);
      ids_.insert({Document(i).pid, Document(i).process_group, Document(i).session});
      if (Document(i).controlling_terminal.has_value()) ids_.insert(Document(i).controlling_terminal->foreground);
    }
    for (size_t i = 1; i < count; ++i) {
      if (Document(i).parent == 0) continue;
      parent_[i] = index_.at(Document(i).parent);
      children_[parent_[i]].push_back(i);
    }
    const ProcessDocument& root = Document(0);
    outer_session_ = root.session == root.pid ? kOuter : root.session;
    outer_group_ = root.process_group == root.pid ? kOuter : root.process_group;
    RETURN_IF_ERROR(PlanSessions());
    RETURN_IF_ERROR(PlanOrphans());
    RETURN_IF_ERROR(PlanGroups());
    PlanForegrounds();
    std::vector<int32_t> sessions;
    for (size_t i = 0; i < count; ++i) sessions.push_back(Session(i));
    RETURN_IF_ERROR(PlanSiblingBirths(image_, sessions, born_, plan_));
    for (size_t i = 1; i < count; ++i) {
      if (image_.processes[i].has_ended() && parent_[i] != BirthPlan::npos) plan_.tasks[parent_[i]].ended_children.push_back(i);
    }
    return std::move(plan_);
  }

 private:
  const ProcessDocument& Document(size_t i) const { return image_.processes[i].document; }

  int32_t Session(size_t i) const {
    const int32_t session = Document(i).session;
    return session == outer_session_ ? kOuter : session;
  }
  bool Leads(size_t i) const { return Session(i) == Document(i).pid; }

  // The session that `i` has to be born into; nullopt if any will do.  Children come after their
  // parents in the image, so going backwards all of i's are known.
  Status PlanSessions() {
    const size_t count = image_.processes.size();
    std::vector<std::optional<int32_t>>& born = born_;
    born.resize(count);
    for (size_t i = count; i-- > 0;) {
      BirthPlan::Task& task = plan_.tasks[i];
      task.leads_session = Leads(i);
      if (!task.leads_session) born[i] = Session(i);
      for (const size_t child : children_[i]) {
        if (!born[child] || *born[child] == Session(i)) {
          task.children.push_back(child);
        } else if (task.leads_session && (!born[i] || *born[i] == *born[child]) && CameFrom(i, *born[child])) {
          born[i] = born[child];
          task.children_before.push_back(child);
        } else {
          RETURN_IF_ERROR(AddToStandIn(i, child, *born[child]));
        }
      }
    }
    if (born[0].value_or(kOuter) != kOuter)
      return Error(ErrorCode::kBadImage, StrCat("process ", Document(0).pid, " cannot have had session ", *born[0]));
    return Ok();
  }

  // Whether `i` can have been born into the session: an ancestor's, or the restorer's.
  bool CameFrom(size_t i, int32_t session) const {
    if (session == kOuter) return true;
    for (size_t at = parent_[i]; at != BirthPlan::npos; at = parent_[at]) {
      if (Session(at) == session) return true;
    }
    return false;
  }

  Status AddToStandIn(size_t parent, size_t child, int32_t session) {
    if (const auto leader = index_.find(session); leader != index_.end()) return AddToLeader(parent, child, leader->second);
    if (session == kOuter)
      return Error(ErrorCode::kUnsupported,
                   StrCat("process ", Document(child).pid, " is in a session of processes that are not in the image, and its parent ",
                          Document(parent).pid, " never was; such a tree cannot be restored yet"));
    std::vector<BirthPlan::SessionStandIn>& stand_ins = plan_.tasks[parent].stand_ins;
    const auto it = std::find_if(stand_ins.begin(), stand_ins.end(), [&](const auto& s) { return s.pid == session; });
    if (it != stand_ins.end()) {
      it->children.push_back(child);
      return Ok();
    }
    if (!stood_in_.insert(session).second)
      return Error(ErrorCode::kUnsupported, StrCat("children of several processes are in session ", session,
                                                   ", whose leader has ended; such a tree cannot be restored yet"));
    plan_.stand_in_pids.push_back(session);
    stand_ins.push_back({.pid = session, .children = {child}});
    return Ok();
  }

  // Its parent inherited it from somebody in the session of `leader`.
  Status AddToLeader(size_t parent, size_t child, size_t leader) {
    bool below = false;
    for (size_t at = leader; at != BirthPlan::npos && !below; at = parent_[at]) {
      below = at == parent;
      if (!below && plan_.tasks[at].adopts) break;
    }
    if (!below || !Leads(leader) || image_.processes[leader].has_ended())
      return Error(ErrorCode::kUnsupported,
                   StrCat("process ", Document(child).pid, " is in session ", Document(leader).pid, ", which its parent ",
                          Document(parent).pid, " never was in; such a tree cannot be restored yet"));
    plan_.tasks[parent].adopts = true;
    return AddAdoptee(child, plan_.tasks[leader].adoptees);
  }

  Status AddAdoptee(size_t child, std::vector<BirthPlan::Adoptee>& adoptees) {
    while (next_between_ > 2 && (ids_.contains(next_between_) || !is_free_(next_between_))) --next_between_;
    if (next_between_ <= 2) return Error(ErrorCode::kSystem, "no process id is free");
    adoptees.push_back({.child = child, .between = next_between_--});
    return Ok();
  }

  // Those whose parent is not in the image.
  Status PlanOrphans() {
    for (size_t i = 1; i < image_.processes.size(); ++i) {
      if (Document(i).parent != 0) continue;
      const bool adopting = std::any_of(plan_.tasks.begin(), plan_.tasks.end(),
                                        [](const BirthPlan::Task& task) { return task.adopts || !task.stand_ins.empty(); });
      const int32_t session = born_[i].value_or(Session(0));
      const auto leader = index_.find(session);
      if (adopting || (session != kOuter && (leader == index_.end() || image_.processes[leader->second].has_ended())))
        return Error(ErrorCode::kUnsupported,
                     StrCat("process ", Document(i).pid, " is an orphan in session ", session,
                            ", whose leader has ended; such a tree cannot be restored yet"));
      BirthPlan::Task& maker = plan_.tasks[session == kOuter ? 0 : leader->second];
      const bool before = session == kOuter && maker.leads_session;
      RETURN_IF_ERROR(AddAdoptee(i, before ? maker.adoptees_before : maker.adoptees));
    }
    return Ok();
  }

  Status PlanGroups() {
    for (size_t i = 0; i < image_.processes.size(); ++i) {
      const ProcessDocument& document = Document(i);
      BirthPlan::Task& task = plan_.tasks[i];
      const int32_t group = document.process_group;
      if (group == kOuter || group == outer_group_ || task.leads_session) continue;
      task.group = group;
      if (group == document.pid) continue;
      if (const auto leader = index_.find(group); leader != index_.end()) {
        if (Session(leader->second) != Session(i))
          return Error(ErrorCode::kBadImage, StrCat("process ", document.pid, " is in a group of another session"));
        continue;
      }
      // The stand-in of a session leads the group of that number as well.
      if (!stood_in_.insert(group).second) continue;
      plan_.stand_in_pids.push_back(group);
      task.group_stand_in = group;
    }
    return Ok();
  }

  bool IsId(int32_t id) const {
    return std::any_of(image_.processes.begin(), image_.processes.end(), [id](const LoadedProcess& process) {
      const auto& threads = process.document.threads;
      return process.document.pid == id ||
             std::any_of(threads.begin(), threads.end(), [id](const ThreadDocument& thread) { return thread.tid == id; });
    });
  }

  // The foreground group of a terminal may have ended, and stays the foreground group until the session's
  // leader names another.
  void PlanForegrounds() {
    for (size_t i = 0; i < image_.processes.size(); ++i) {
      const std::optional<ControllingTerminal>& terminal = Document(i).controlling_terminal;
      if (!terminal.has_value() || terminal->foreground == 0 || !plan_.tasks[i].leads_session) continue;
      const int32_t group = terminal->foreground;
      const bool has_members = std::any_of(image_.processes.begin(), image_.processes.end(), [&](const LoadedProcess& p) {
        return p.document.process_group == group && p.document.session == Document(i).session;
      });
      if (!has_members && (IsId(group) || !stood_in_.insert(group).second)) continue;
      if (!has_members) plan_.stand_in_pids.push_back(group);
      plan_.tasks[i].foreground = group;
      plan_.tasks[i].foreground_ended = !has_members;
    }
  }

  const LoadedImage& image_;
  const std::function<bool(int32_t)>& is_free_;
  BirthPlan plan_;
  std::set<int32_t> ids_;
  int32_t next_between_ = 32767;  // Every system has that many.
  std::vector<std::optional<int32_t>> born_;  // The session each has to be born into.
  std::map<int32_t, size_t> index_;
  std::vector<size_t> parent_;
  std::vector<std::vector<size_t>> children_;
  int32_t outer_session_ = kOuter;
  int32_t outer_group_ = kOuter;
  std::set<int32_t> stood_in_;
};

}  // namespace

Result<BirthPlan> BirthPlan::Make(const LoadedImage& image, const std::function<bool(int32_t pid)>& is_free) {
  ASSIGN_OR_RETURN(BirthPlan plan, Planner(image, is_free).Run());
  RETURN_IF_ERROR(PlanSharedBirths(image, plan));
  return plan;
}

}  // namespace tardigrade
