#include "plugins/signalfd/signalfd_kind.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::signalfd {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

TEST(SignalfdKind, KeepsMaskAndFlags) {
  const SignalfdKind kind;
  FakeContexts contexts;
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR2);
  sigaddset(&mask, SIGRTMAX);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  const ScopedFd fd(::signalfd(-1, &mask, SFD_NONBLOCK));
  const FdFacts file = FactsOf(fd.get());
  EXPECT_TRUE(kind.Claims(file));
  const Result<Value> state = kind.Collect(file, {}, contexts);
  ASSERT_THAT(state, IsOk());
  const ScopedFd again = kind.Create(state.value(), contexts.create()).value();
  EXPECT_EQ(FactsOf(again.get()).info.fields.at("sigmask"), file.info.fields.at("sigmask"));
  EXPECT_EQ(fcntl(again.get(), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  raise(SIGUSR2);
  signalfd_siginfo info = {};
  ASSERT_EQ(read(again.get(), &info, sizeof(info)), ssize_t{sizeof(info)});
  EXPECT_EQ(info.ssi_signo, uint32_t{SIGUSR2});
}

TEST(SignalfdKind, MalformedImagesAreRejected) {
  FakeContexts contexts;
  Value::Object state = *Encode(SignalfdState()).AsObject();
  state["mask"] = Value(-1);
  EXPECT_THAT(SignalfdKind().Create(Value(state), contexts.create()),
              FailsWith(ErrorCode::kBadImage, "signalfd.mask"));
}

}  // namespace
}  // namespace tardigrade::signalfd
