#include "supervisor/restore/birth_plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace tardigrade {
namespace {

// The session of whoever restores.
constexpr int32_t kOuter = 0;

class Planner {
 public:
  explicit Planner(const LoadedImage& image) : image_(image) {}

  Result<BirthPlan> Run() {
    const size_t count = image_.processes.size();
    plan_.tasks.resize(count);
    for (size_t i = 0; i < count; ++i) index_.emplace(Document(i).pid, i);
    parent_.assign(count, BirthPlan::npos);
    children_.resize(count);
    for (size_t i = 1; i < count; ++i) {
      parent_[i] = index_.at(Document(i).parent);
      children_[parent_[i]].push_back(i);
    }
    const ProcessDocument& root = Document(0);
    outer_session_ = root.session == root.pid ? kOuter : root.session;
    outer_group_ = root.process_group == root.pid ? kOuter : root.process_group;
    RETURN_IF_ERROR(PlanSessions());
    RETURN_IF_ERROR(PlanGroups());
    for (size_t i = 1; i < count; ++i) {
      if (image_.processes[i].has_ended()) plan_.tasks[parent_[i]].ended_children.push_back(i);
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
    std::vector<std::optional<int32_t>> born(count);
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
    if (session == kOuter || index_.contains(session))
      return Error(ErrorCode::kUnsupported,
                   StrCat("process ", Document(child).pid, " is in session ", session, ", which its parent ",
                          Document(parent).pid, " never was in, and whose leader lives; such a tree cannot be restored yet"));
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

  const LoadedImage& image_;
  BirthPlan plan_;
  std::map<int32_t, size_t> index_;
  std::vector<size_t> parent_;
  std::vector<std::vector<size_t>> children_;
  int32_t outer_session_ = kOuter;
  int32_t outer_group_ = kOuter;
  std::set<int32_t> stood_in_;
};

}  // namespace

Result<BirthPlan> BirthPlan::Make(const LoadedImage& image) { return Planner(image).Run(); }

}  // namespace tardigrade
