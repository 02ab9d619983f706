#ifndef SUPERVISOR_BASE_RESULT_H_
#define SUPERVISOR_BASE_RESULT_H_

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

#include "supervisor/base/error.h"

namespace tardigrade {

// The outcome of an operation that yields a T or explains why it could not.
//
// The interface is a subset of std::expected<T, Error> so that the day the
// toolchain has it, this class becomes an alias.  Reading the value of a failed
// Result aborts: it is a bug in the caller, not a condition to handle.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  bool ok() const { return has_value(); }

  T& value() & { return CheckOk(), std::get<0>(state_); }
  const T& value() const& { return CheckOk(), std::get<0>(state_); }
  T&& value() && { return CheckOk(), std::get<0>(std::move(state_)); }

  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  void CheckOk() const {
    if (!has_value()) Abort(std::get<1>(state_));
  }
  [[noreturn]] static void Abort(const Error& error) {
    std::fprintf(stderr, "value() of a failed Result: %s\n", error.ToString().c_str());
    std::abort();
  }

  std::variant<T, Error> state_;
};

// Result<void>: success carries nothing.
struct Unit {};
using Status = Result<Unit>;
inline Status Ok() { return Unit{}; }

}  // namespace tardigrade

// The two control-flow macros of the project.  Each is a statement of its own:
// an expression form (GNU "TRY") leaks what was built before it in the same
// braced initializer, with g++ 12 and clang 14 alike.
//
//   RETURN_IF_ERROR(thread.Step());
//   ASSIGN_OR_RETURN(const uint64_t word, thread.PeekWord(at), "reading code at ", at);
//
// Arguments after the expression say what was being attempted; they are
// evaluated only on failure.
#define RETURN_IF_ERROR(expr, ...)                                      \
  do {                                                                  \
    if (auto status_ = (expr); !status_.has_value()) [[unlikely]] {     \
      return std::move(status_).error() __VA_OPT__(.While(::tardigrade::StrCat(__VA_ARGS__))); \
    }                                                                   \
  } while (false)

#define ASSIGN_OR_RETURN(declaration, expr, ...) \
  TARDIGRADE_ASSIGN_OR_RETURN_(TARDIGRADE_CONCAT_(result_, __LINE__), declaration, expr __VA_OPT__(, ) __VA_ARGS__)

#define TARDIGRADE_ASSIGN_OR_RETURN_(result, declaration, expr, ...)            \
  auto result = (expr);                                                 \
  if (!result.has_value()) [[unlikely]] {                               \
    return std::move(result).error() __VA_OPT__(.While(::tardigrade::StrCat(__VA_ARGS__))); \
  }                                                                     \
  declaration = std::move(result).value()

#define TARDIGRADE_CONCAT_(a, b) TARDIGRADE_CONCAT_IMPL_(a, b)
#define TARDIGRADE_CONCAT_IMPL_(a, b) a##b

#endif  // SUPERVISOR_BASE_RESULT_H_
