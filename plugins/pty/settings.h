#ifndef PLUGINS_PTY_SETTINGS_H_
#define PLUGINS_PTY_SETTINGS_H_

#include "plugins/pty/pty_state.h"
#include "supervisor/base/result.h"

namespace tardigrade::pty {

// TCGETS2 of either end: both give those of the slave.
Result<TerminalSettings> GetSettings(int fd);

// TCSETS2: at once, nothing is waited for or thrown away.
Status SetSettings(int fd, const TerminalSettings& settings);

// Whether input is handed on by lines.
bool IsCanonical(const TerminalSettings& settings);

}  // namespace tardigrade::pty

#endif  // PLUGINS_PTY_SETTINGS_H_
