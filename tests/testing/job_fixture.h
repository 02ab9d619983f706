#ifndef TESTS_TESTING_JOB_FIXTURE_H_
#define TESTS_TESTING_JOB_FIXTURE_H_

#include <unistd.h>

#include <optional>
#include <set>
#include <vector>

#include "supervisor/base/file_io.h"
#include "supervisor/resource/job_kind.h"
#include "tests/testing/fake_contexts.h"

namespace tardigrade::testing {

// The calling process as a job of its own, to collect a job kind's state from and to make it in.
class JobFixture {
 public:
  JobFixture() {
    pids_.AddProcess(pid_, pid_);
    maps_ = ParseMaps(ReadFile("/proc/self/maps").value()).value();
    facts_.members.push_back({.pid = pid_, .inner_pid = pid_, .threads = {&pid_, 1}, .mappings = maps_});
    facts_.pids = &pids_;
    facts_.frozen = true;
  }
  JobFixture(const JobFixture&) = delete;

  const JobFacts& facts() const { return facts_; }
  FakeContexts& contexts() { return contexts_; }

  // Without undo values of semaphores: nobody is asked.
  Result<std::optional<Value>> Collect(const JobKind& kind) {
    RETURN_IF_ERROR(kind.Check(facts_));
    const AskMember ask = [](size_t, const SyscallPlan&) -> Result<Outcome> {
      return Error(ErrorCode::kInternal, "nobody is to be asked");
    };
    return kind.Collect(facts_, ask, contexts_);
  }

  // As a restore into this very process would.
  Status Restore(const JobKind& kind, const Value& state) {
    RETURN_IF_ERROR(kind.Make(state, contexts_.create(), made_));
    const JobTask task{.inner_pid = pid_, .is_root = true};
    for (const JobStep step : {JobStep::kFirst, JobStep::kSecond})
      RETURN_IF_ERROR(kind.DoInTask(state, task, step, contexts_.create()));
    return Ok();
  }
  const std::set<int32_t>& made() const { return made_.ids; }

 private:
  struct Made final : MadeObjects {
    void Note(int32_t id) override { ids.insert(id); }
    std::set<int32_t> ids;
  };

  const pid_t pid_ = getpid();
  JobPids pids_;
  std::vector<MemoryMapping> maps_;
  JobFacts facts_;
  FakeContexts contexts_;
  Made made_;
};

}  // namespace tardigrade::testing

#endif  // TESTS_TESTING_JOB_FIXTURE_H_
