#ifndef SUPERVISOR_RESTORE_TREE_BOARD_H_
#define SUPERVISOR_RESTORE_TREE_BOARD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "supervisor/base/result.h"
#include "supervisor/restore/turn.h"

namespace tardigrade {

// Where the restorer and the tasks it makes wait for each other: counters in shared memory that fork(2)
// passes on.
class TreeBoard {
 public:
  // What all tasks do before any of them does the next.
  enum Stage : uint32_t {
    kBorn,     // It exists, and so do all its children.
    kGo,       // The restorer traces all tasks (it arrives here alone).
    kLeading,  // It leads its group.
    kJoined,   // It is in its group.
    kStepped,  // It took the first step of what belongs to no process in particular,
    kSettled,  // and the second.
    kPlaced,   // Only who shares the descriptor table of another: its helpers are in that.
  };
  static constexpr size_t kStages = 7;

  static Result<std::unique_ptr<TreeBoard>> Create();
  ~TreeBoard();
  TreeBoard(const TreeBoard&) = delete;

  // The last of `count` wakes those who wait.
  void Arrive(Stage stage, uint32_t count);
  uint32_t arrived(Stage stage) const;
  // Waits until `count` have arrived, without the turn.  Asks `may_wait` every `tick_ms`; false if that said no.
  bool Await(Stage stage, uint32_t count, int tick_ms, Turn& turn, const std::function<bool()>& may_wait) const;
  // For who shares its memory with no task.
  bool Await(Stage stage, uint32_t count, int tick_ms, const std::function<bool()>& may_wait) const;

 private:
  struct Counters {
    uint32_t arrived[kStages];
  };
  explicit TreeBoard(Counters* counters) : counters_(counters) {}
  Counters* counters_;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_TREE_BOARD_H_
