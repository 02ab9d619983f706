// The commands snapshot and restore, with engines that only say what they were asked.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <string>
#include <vector>

#include "supervisor/base/file_io.h"
#include "supervisor/cli/exit_code.h"
#include "supervisor/cli/restore_command.h"
#include "supervisor/cli/snapshot_command.h"
#include "tests/testing/forked_tracee.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using testing::ForkedTracee;
using ::testing::HasSubstr;
using testing::IsOkAnd;
using Words = std::vector<std::string>;

struct Answer {
  int status = -1;
  std::string out;
  std::string err;
};

Answer Snapshot(const Words& words, const SnapshotEngine& engine) {
  std::ostringstream out;
  std::ostringstream err;
  const int status = RunSnapshot(words, KindList{}, engine, Console{.out = out, .err = err});
  return {status, out.str(), err.str()};
}

Answer Restore(const Words& words, const RestoreEngine& engine) {
  std::ostringstream out;
  std::ostringstream err;
  const int status = RunRestore(words, KindList{}, engine, Console{.out = out, .err = err});
  return {status, out.str(), err.str()};
}

SnapshotEngine Failing(Error error) {
  return [error](const SnapshotOptions&, const KindList&, Progress&) -> Result<SnapshotReport> {
    return error;
  };
}

SnapshotReport SomeReport(const SnapshotOptions& options) {
  return {.dir = options.dir,
          .pid = 7,
          .comm = "job",
          .processes = 1,
          .threads = 1,
          .mappings = 23,
          .descriptors = 3,
          .image_bytes = 1536,
          .pause_ns = 2'000'000,
          .total_ns = 5'000'000,
          .warnings = {}};
}

TEST(Snapshot, ReportsOnOneLine) {
  const Answer answer = Snapshot({"--pid", "7", "-o", "x", "--kill"},
                                 [](const SnapshotOptions& options, const KindList&, Progress&) {
                                   return Result(SomeReport(options));
                                 });
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.out,
            "x: process 7 (job), 1 thread, 23 mappings, 3 descriptors, 1.5 KiB; paused 2.0 ms of "
            "5.0 ms; killed\n");
  EXPECT_EQ(answer.err, "");
}

TEST(Snapshot, ReportsInJson) {
  const Answer answer = Snapshot({"--pid", "7", "-o", "x", "--json"},
                                 [](const SnapshotOptions& options, const KindList&, Progress&) {
                                   SnapshotReport report = SomeReport(options);
                                   report.warnings = {"w\n"};
                                   return Result(report);
                                 });
  EXPECT_THAT(answer.out, HasSubstr("\"pause_ns\":2000000"));
  EXPECT_THAT(answer.out, HasSubstr("\"warnings\":[\"w\\n\"]"));
  EXPECT_EQ(answer.err, "snapshot: process 7: warning: w\\x0a\n");
}

TEST(Snapshot, NamesTheImageAfterTheProcess) {
  const ForkedTracee tracee;
  std::string dir;
  const std::string pid = std::to_string(tracee.pid());
  (void)Snapshot({"--pid", pid}, [&](const SnapshotOptions& options, const KindList&, Progress&) {
    dir = options.dir;
    return Result(SomeReport(options));
  });
  EXPECT_EQ(dir, "command_test." + pid + ".image");
  EXPECT_EQ(DefaultImageName("a/b c\n", 3), "a_b_c_.3.image");
  EXPECT_EQ(DefaultImageName("-x", 3), "_-x.3.image");
  EXPECT_EQ(DefaultImageName("", 3), "_.3.image");
}

TEST(Snapshot, SaysWhatWhereAndWhatBecameOfTheProcess) {
  const ForkedTracee tracee;
  const std::string pid = std::to_string(tracee.pid());
  const Error error(ErrorCode::kUnsupported,
                    "fd 7 is an io_uring instance, which cannot be saved yet");
  const Answer answer = Snapshot({"--pid", pid, "-o", "x"}, Failing(error));
  EXPECT_EQ(answer.status, 69);
  EXPECT_EQ(answer.out, "");
  EXPECT_EQ(answer.err,
            "snapshot: process " + pid +
                ": fd 7 is an io_uring instance, which cannot be saved yet; the process "
                "was left running\n");
  const Answer json = Snapshot({"--pid", pid, "-o", "x", "--json"}, Failing(error));
  EXPECT_THAT(json.out, HasSubstr("\"class\":\"unsupported\""));
  EXPECT_THAT(json.out, HasSubstr("\"ok\":false"));
}

TEST(Snapshot, OfNoProcessIsUsage) {
  const Answer answer = Snapshot({"--pid", "4194304"}, Failing(Error(ErrorCode::kInternal, "")));
  EXPECT_EQ(answer.status, 64);
  EXPECT_EQ(answer.err, "snapshot: process 4194304: no such process\n");
  EXPECT_EQ(Snapshot({"--nonsense"}, Failing(Error(ErrorCode::kInternal, ""))).status, 64);
}

TEST(AftermathText, FollowsTheState) {
  EXPECT_EQ(AftermathText("7 (a) R (b) S 1 7"), "the process was left running");
  EXPECT_EQ(AftermathText("7 (a) T 1 7"), "the process was left stopped");
  EXPECT_EQ(AftermathText("7 (a) t 1 7"), "the process was left as it was");
  EXPECT_EQ(AftermathText("7 (a) Z 1 7"), "the process is gone");
  EXPECT_EQ(AftermathText("7 (a) Z 1 2 3 0 -1 4227084 130 0 1 0 0 0 0 0 20 0 1 0"),
            "the process is gone");
  EXPECT_EQ(AftermathText("7 (a) Z 1 2 3 0 -1 4227084 130 0 1 0 0 0 0 0 20 0 2 0"),
            "the process was left as it was");
  EXPECT_EQ(AftermathText(""), "the process is gone");
  EXPECT_EQ(AftermathText("7 (a)"), "the process is gone");
}

TEST(ExitCodes, AreDifferentAndNoSignal) {
  for (const ErrorCode a :
       {ErrorCode::kUsage, ErrorCode::kSystem, ErrorCode::kRemote, ErrorCode::kTraceeGone,
        ErrorCode::kUnsupported, ErrorCode::kDenied, ErrorCode::kBadImage, ErrorCode::kInternal}) {
    EXPECT_GE(static_cast<int>(ExitCodeFor(a)), 64);
    EXPECT_LT(static_cast<int>(ExitCodeFor(a)), 126);
    for (const ErrorCode b : {ErrorCode::kUsage, ErrorCode::kSystem, ErrorCode::kRemote}) {
      EXPECT_EQ(a == b, ExitCodeFor(a) == ExitCodeFor(b));
    }
  }
}

Result<RestoreReport> Restored(const RestoreOptions& options, int wait_status) {
  if (!options.dry_run) RETURN_IF_ERROR(options.on_restored(4321, {"w"}));
  RestoreReport report;
  report.pid = 4321;
  report.inner_pid = 7;
  report.wait_status = wait_status;
  report.plan = {"process 7 (job)", "2 threads"};
  return report;
}

TEST(Restore, PrintsThePidAndExitsLikeTheJob) {
  const auto ending = [](int wait_status) {
    return [wait_status](const RestoreOptions& options, const KindList&, Progress&) {
      return Restored(options, wait_status);
    };
  };
  EXPECT_EQ(Restore({"x"}, ending(W_EXITCODE(3, 0))).status, 3);
  EXPECT_EQ(Restore({"x"}, ending(W_EXITCODE(3, 0))).out, "4321\n");
  EXPECT_EQ(Restore({"x"}, ending(W_EXITCODE(3, 0))).err, "restore: x: warning: w\n");
  EXPECT_EQ(Restore({"x"}, ending(W_EXITCODE(0, SIGTERM))).status, 128 + SIGTERM);
  EXPECT_EQ(Restore({"x", "--detach"}, ending(W_EXITCODE(3, 0))).status, 0);
  EXPECT_THAT(Restore({"x", "--json"}, ending(W_EXITCODE(0, 9))).out, HasSubstr("\"signal\":9"));
  EXPECT_THAT(Restore({"x", "--json"}, ending(W_EXITCODE(3, 0))).out,
              HasSubstr("\"exit_status\":3"));
}

TEST(Restore, PrintsThePlanOfADryRun) {
  const Answer answer =
      Restore({"x", "--dry-run"}, [](const RestoreOptions& options, const KindList&, Progress&) {
        return Restored(options, 0);
      });
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.out, "process 7 (job)\n2 threads\n");
}

TEST(Restore, WritesThePidFileOrUndoes) {
  const auto engine = [](const RestoreOptions& options, const KindList&, Progress&) {
    return Restored(options, 0);
  };
  const std::string path = StrCat(getenv("TEST_TMPDIR"), "/pid");
  EXPECT_EQ(Restore({"x", "--detach", "--pidfile", path}, engine).status, 0);
  EXPECT_THAT(ReadFile(path), IsOkAnd(std::string("4321\n")));
  const Answer answer = Restore({"x", "--detach", "--pidfile", "/nowhere/pid"}, engine);
  EXPECT_EQ(answer.status, 71);
  EXPECT_EQ(answer.out, "");
  const auto fails_later = [](const RestoreOptions& options, const KindList&,
                              Progress&) -> Result<RestoreReport> {
    RETURN_IF_ERROR(options.on_restored(4321, {}));
    return Error(ErrorCode::kSystem, "letting it go");
  };
  EXPECT_EQ(Restore({"x", "--pidfile", path}, fails_later).status, 71);
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  EXPECT_THAT(answer.err, HasSubstr("writing the pid file"));
  EXPECT_THAT(answer.err, HasSubstr("; nothing of the job was left behind\n"));
}

}  // namespace
}  // namespace tardigrade
