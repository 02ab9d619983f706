#ifndef PLUGINS_PTY_PTY_OBJECT_H_
#define PLUGINS_PTY_PTY_OBJECT_H_

#include <span>

#include "plugins/pty/pty_state.h"
#include "supervisor/resource/contexts.h"
#include "supervisor/resource/fd_kind.h"

namespace tardigrade::pty {

// Saves a pseudoterminal, of which `master` is the master and `all` are all descriptors of the job.
// Errors: kUnsupported for what cannot be looked at without a change.
Result<Value> CollectPty(const FdFacts& master, std::span<const FdFacts> all, CollectContext& context);

// Makes a pseudoterminal with its number, settings and what was under way.  The descriptor is the
// master's only description.
class PtyObject final : public ObjectKind {
 public:
  std::string_view name() const override { return "pty"; }
  Result<ScopedFd> Create(const Value& state, CreateContext& context) const override;
  std::optional<std::string> TakenHere(const Value& state) const override;
  Status PrepareNamespace(CreateContext& context) const override;
};

}  // namespace tardigrade::pty

#endif  // PLUGINS_PTY_PTY_OBJECT_H_
