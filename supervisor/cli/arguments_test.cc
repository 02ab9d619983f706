#include "supervisor/cli/arguments.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "supervisor/base/version.h"
#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using testing::FailsWith;
using ::testing::Field;
using ::testing::HasSubstr;
using testing::IsOkAnd;
using Words = std::vector<std::string>;

SnapshotCommand SnapshotOf(const Words& words) { return ParseSnapshotArguments(words).value(); }
RestoreCommand RestoreOf(const Words& words) { return ParseRestoreArguments(words).value(); }

TEST(SnapshotArguments, HaveDefaults) {
  const SnapshotCommand command = SnapshotOf({"--pid", "12"});
  EXPECT_EQ(command.options.pid, 12);
  EXPECT_EQ(command.options.dir, "");
  EXPECT_EQ(command.options.leave, LeaveAs::kAsFound);
  EXPECT_EQ(command.options.timeout, std::chrono::milliseconds(30000));
  EXPECT_TRUE(command.options.backtraces);
  EXPECT_EQ(command.options.durability, Durability::kDurable);
  EXPECT_FALSE(command.options.overwrite || command.options.allow_fragile || command.json);
  EXPECT_EQ(command.answer, "");
}

TEST(SnapshotArguments, AreAllUnderstood) {
  const SnapshotCommand command =
      SnapshotOf({"-p", "7", "-o", "x.image", "--kill", "--overwrite", "--timeout", "0.25",
                  "--json", "-v", "--allow-fragile", "--no-backtrace", "--no-sync"});
  EXPECT_EQ(command.options.pid, 7);
  EXPECT_EQ(command.options.dir, "x.image");
  EXPECT_EQ(command.options.leave, LeaveAs::kKilled);
  EXPECT_EQ(command.options.timeout, std::chrono::milliseconds(250));
  EXPECT_FALSE(command.options.backtraces);
  EXPECT_EQ(command.options.durability, Durability::kEventual);
  EXPECT_TRUE(command.options.overwrite && command.options.allow_fragile && command.json);
  EXPECT_TRUE(command.options.verbose);
  EXPECT_EQ(SnapshotOf({"--pid=7", "--stop"}).options.leave, LeaveAs::kStopped);
  EXPECT_EQ(SnapshotOf({"--pid=7", "--leave-running"}).options.leave, LeaveAs::kAsFound);
}

TEST(SnapshotArguments, MoveTheJobUnlessItIsToRunOn) {
  const SnapshotOptions options = SnapshotOf({"7", "--to", "10.0.0.2:4000", "--key", "k", "--timeout", "2"}).options;
  EXPECT_EQ(options.to.value().address.ToString(), "10.0.0.2:4000");
  EXPECT_EQ(options.to.value().key_file, "k");
  EXPECT_EQ(options.to.value().timeout, std::chrono::milliseconds(2000));
  EXPECT_FALSE(options.to.value().insecure);
  EXPECT_EQ(options.leave, LeaveAs::kKilled);
  EXPECT_EQ(SnapshotOf({"7", "--to", "[::1]:1", "--leave-running"}).options.leave, LeaveAs::kAsFound);
  EXPECT_EQ(SnapshotOf({"7", "--to", "[::1]:1", "--stop"}).options.leave, LeaveAs::kStopped);
  EXPECT_FALSE(SnapshotOf({"7"}).options.to.has_value());
  const auto refused = [](const Words& words, const char* why) {
    EXPECT_THAT(ParseSnapshotArguments(words), FailsWith(ErrorCode::kUsage, why));
  };
  refused({"7", "--to", "there:1"}, "--to: \"there:1\": the host must be a numeric address");
  refused({"7", "--to", "127.0.0.1:1", "-o", "x"}, "--output");
  refused({"7", "--key", "k"}, "--key and --insecure go with --to");
}

TEST(RestoreArguments, ListenInsteadOfReading) {
  const RestoreOptions options = RestoreOf({"--listen", "0", "--insecure", "--timeout", "3"}).options;
  EXPECT_EQ(options.listen.value().address.ToString(), "127.0.0.1:0");
  EXPECT_TRUE(options.listen.value().insecure);
  EXPECT_EQ(options.listen.value().timeout, std::chrono::milliseconds(3000));
  EXPECT_EQ(RestoreOf({"--listen", "[::]:9"}).options.listen.value().address.ToString(), "[::]:9");
  EXPECT_FALSE(RestoreOf({"x"}).options.listen.has_value());
  const auto refused = [](const Words& words, const char* why) {
    EXPECT_THAT(ParseRestoreArguments(words), FailsWith(ErrorCode::kUsage, why));
  };
  refused({}, "or --listen");
  refused({"x", "--listen", "1"}, "--listen");
  refused({"--listen", "1", "--dry-run"}, "--dry-run");
  refused({"x", "--key", "k"}, "go with --listen");
  refused({"x", "--timeout", "1"}, "--timeout");
  refused({"--listen", "host:1"}, "names are not looked up");
}

TEST(SnapshotArguments, SayWhatBecomesOfConnectionsToOthers) {
  EXPECT_EQ(SnapshotOf({"-p", "7"}).options.external, ExternalPolicy::kRefuse);
  EXPECT_EQ(SnapshotOf({"-p", "7", "--external", "refuse"}).options.external, ExternalPolicy::kRefuse);
  EXPECT_EQ(SnapshotOf({"-p", "7", "--external", "close"}).options.external, ExternalPolicy::kClose);
  EXPECT_EQ(SnapshotOf({"-p", "7", "--external=reconnect"}).options.external,
            ExternalPolicy::kReconnect);
  EXPECT_THAT(ParseSnapshotArguments(Words{"--pid", "7", "--external", "drop"}),
              FailsWith(ErrorCode::kUsage, "--external: drop"));
}

TEST(SnapshotArguments, RefuseContradictionsByName) {
  EXPECT_THAT(ParseSnapshotArguments(Words{"--pid", "7", "--stop", "--kill"}),
              FailsWith(ErrorCode::kUsage, "--kill"));
  EXPECT_THAT(ParseSnapshotArguments(Words{"--pid", "7", "--leave-running", "--stop"}),
              FailsWith(ErrorCode::kUsage, "--stop"));
}

TEST(SnapshotArguments, SaveFilesOnlyWhenAsked) {
  EXPECT_FALSE(SnapshotOf({"--pid", "7"}).options.save_files);
  EXPECT_TRUE(SnapshotOf({"--pid", "7", "--save-files"}).options.save_files);
}

TEST(SnapshotArguments, RefuseBadValuesByName) {
  for (const char* pid : {"0", "-1", "4294967297"})
    EXPECT_THAT(ParseSnapshotArguments(Words{"--pid", pid}), FailsWith(ErrorCode::kUsage, "--pid"));
  EXPECT_THAT(ParseSnapshotArguments(Words{"--pid", "x"}), FailsWith(ErrorCode::kUsage, "--pid"));
  EXPECT_THAT(ParseSnapshotArguments(Words{}), FailsWith(ErrorCode::kUsage, "--pid"));
  for (const char* seconds : {"0", "-3", "nan", "1e9"})
    EXPECT_THAT(ParseSnapshotArguments(Words{"--pid", "1", "--timeout", seconds}),
                FailsWith(ErrorCode::kUsage, "--timeout"));
  EXPECT_THAT(ParseSnapshotArguments(Words{"--pid", "1", "stray"}),
              FailsWith(ErrorCode::kUsage, "stray"));
  EXPECT_THAT(ParseSnapshotArguments(Words{"--pid", "1", "-o", ""}),
              FailsWith(ErrorCode::kUsage, "--output"));
  EXPECT_THAT(ParseSnapshotArguments(Words{"--pid", "1", "--live"}),
              FailsWith(ErrorCode::kUsage, "snapshot --help"));
}

TEST(Arguments, AnswerHelpAndVersionWithoutTheRest) {
  EXPECT_THAT(SnapshotOf({"--help"}).answer, HasSubstr("--leave-running"));
  EXPECT_THAT(SnapshotOf({"--help"}).answer, HasSubstr("Exit status"));
  EXPECT_EQ(SnapshotOf({"--version"}).answer, StrCat("snapshot ", kVersion, "\n"));
  EXPECT_EQ(RestoreOf({"--version"}).answer, StrCat("restore ", kVersion, "\n"));
  EXPECT_THAT(ParseInspectArguments(Words{"--version"}),
              IsOkAnd(Field(&InspectCommand::answer, StrCat("inspect ", kVersion, "\n"))));
}

TEST(RestoreArguments, HaveDefaults) {
  const RestoreCommand command = RestoreOf({"x.image"});
  EXPECT_EQ(command.options.dir, "x.image");
  EXPECT_EQ(command.options.pids, PidChoice::kAutomatic);
  EXPECT_FALSE(command.options.detach || command.options.dry_run || command.json);
  EXPECT_EQ(command.pid_file, "");
}

TEST(RestoreArguments, AreAllUnderstood) {
  const RestoreCommand command =
      RestoreOf({"--detach", "--same-pids", "--pidfile", "p", "--dry-run", "--json", "--set-file",
                 "/a=/b", "--set-file", "/c=/d=e", "x.image"});
  EXPECT_EQ(command.options.dir, "x.image");
  EXPECT_EQ(command.options.pids, PidChoice::kSamePids);
  EXPECT_TRUE(command.options.detach && command.options.dry_run && command.json);
  EXPECT_EQ(command.pid_file, "p");
  EXPECT_EQ(command.options.moved_files,
            (std::map<std::string, std::string>{{"/a", "/b"}, {"/c", "/d=e"}}));
  EXPECT_EQ(RestoreOf({"x", "--set-file", "/a/=/b//"}).options.moved_files, (MovedFiles{{"/a", "/b"}}));
  EXPECT_EQ(RestoreOf({"x"}).options.changed_files, ChangedFiles::kAutomatic);
  EXPECT_EQ(RestoreOf({"x", "--changed-files", "refuse"}).options.changed_files, ChangedFiles::kRefuse);
  EXPECT_EQ(RestoreOf({"x", "--changed-files", "warn"}).options.changed_files, ChangedFiles::kWarn);
  EXPECT_EQ(RestoreOf({"x", "--changed-files=put-back"}).options.changed_files, ChangedFiles::kPutBack);
  EXPECT_THAT(ParseRestoreArguments(Words{"x", "--changed-files", "maybe"}),
              FailsWith(ErrorCode::kUsage, "--changed-files: maybe is none of refuse, warn and put-back"));
  EXPECT_EQ(RestoreOf({"x", "--new-pid-namespace"}).options.pids, PidChoice::kNewNamespace);
  EXPECT_FALSE(RestoreOf({"x", "--foreground"}).options.detach);
}

TEST(RestoreArguments, RefuseContradictionsByName) {
  EXPECT_THAT(ParseRestoreArguments(Words{"x", "--detach", "--foreground"}),
              FailsWith(ErrorCode::kUsage, "--detach"));
  EXPECT_THAT(ParseRestoreArguments(Words{"x", "--same-pids", "--new-pid-namespace"}),
              FailsWith(ErrorCode::kUsage, "--same-pids"));
}

TEST(RestoreArguments, RefuseBadValuesByName) {
  EXPECT_THAT(ParseRestoreArguments(Words{}), FailsWith(ErrorCode::kUsage, "image"));
  EXPECT_THAT(ParseRestoreArguments(Words{""}), FailsWith(ErrorCode::kUsage, "empty"));
  EXPECT_THAT(ParseRestoreArguments(Words{"x", "y"}), FailsWith(ErrorCode::kUsage, "y"));
  for (const char* text : {"/a", "=/b", "/a=", "a=/b", "/a=b"})
    EXPECT_THAT(ParseRestoreArguments(Words{"x", "--set-file", text}),
                FailsWith(ErrorCode::kUsage, "--set-file"));
  EXPECT_THAT(ParseRestoreArguments(Words{"x", "--set-file", "/a=/b", "--set-file", "/a=/c"}),
              FailsWith(ErrorCode::kUsage, "twice"));
}

TEST(InspectArguments, AreUnderstood) {
  const InspectCommand command = ParseInspectArguments(Words{"x", "--json", "--verify"}).value();
  EXPECT_EQ(command.dir, "x");
  EXPECT_TRUE(command.json && command.verify);
  EXPECT_THAT(ParseInspectArguments(Words{}), FailsWith(ErrorCode::kUsage, "image"));
}

}  // namespace
}  // namespace tardigrade
