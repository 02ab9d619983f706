#ifndef SUPERVISOR_BASE_UNDO_STACK_H_
#define SUPERVISOR_BASE_UNDO_STACK_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/base/result.h"

namespace tardigrade {

// What was done to the world and how to take it back, newest first.  Every change to a
// tracee pushes its inverse here; whatever was not run or dismissed runs on destruction.
class UndoStack {
 public:
  UndoStack() = default;
  UndoStack(UndoStack&&) = default;
  UndoStack& operator=(UndoStack&&) = delete;
  ~UndoStack() { (void)Run(); }

  // `what` names the change for the message should its inverse fail.
  void Push(std::string what, std::function<Status()> inverse) {
    steps_.emplace_back(std::move(what), std::move(inverse));
  }

  // Runs all inverses, also after one has failed; returns the first failure.
  Status Run() {
    Status first = Ok();
    while (!steps_.empty()) {
      auto [what, inverse] = std::move(steps_.back());
      steps_.pop_back();
      Status status = inverse();
      if (!status.has_value() && first.has_value())
        first = std::move(status).error().While(StrCat("undoing: ", what));
    }
    return first;
  }

  // Forgets all steps: the change is meant to stay.
  void Dismiss() { steps_.clear(); }

  bool empty() const { return steps_.empty(); }

 private:
  std::vector<std::pair<std::string, std::function<Status()>>> steps_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_BASE_UNDO_STACK_H_
