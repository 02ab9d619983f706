// Says on its standard output that it is there, then waits with a known stack: main, Outer,
// a member function, a signal handler, Inner.

#include <signal.h>
#include <unistd.h>

namespace known {

[[gnu::noipa]] void Inner() {
  (void)!write(STDOUT_FILENO, "r", 1);
  for (;;) pause();
}

[[gnu::noipa]] void OnSignal(int) {
  Inner();
  asm volatile("");  // No tail call.
}

struct Middle {
  [[gnu::noipa]] int Step(int depth) {
    if (depth > 0) {
      const int result = Step(depth - 1);
      asm volatile("");
      return result + 1;
    }
    (void)raise(SIGUSR1);
    return 0;
  }
};

[[gnu::noipa]] int Outer() {
  Middle middle;
  const int result = middle.Step(3);
  asm volatile("");
  return result + 1;
}

}  // namespace known

int main() {
  (void)signal(SIGUSR1, known::OnSignal);
  const int result = known::Outer();
  asm volatile("");
  return result;
}
