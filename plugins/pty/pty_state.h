#ifndef PLUGINS_PTY_PTY_STATE_H_
#define PLUGINS_PTY_PTY_STATE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "supervisor/image/fields.h"
#include "supervisor/resource/open_file.h"

namespace tardigrade::pty {

// struct termios2.
struct TerminalSettings {
  uint32_t iflag = 0;
  uint32_t oflag = 0;
  uint32_t cflag = 0;
  uint32_t lflag = 0;
  uint32_t line = 0;  // c_line: the line discipline as termios shows it.
  std::array<uint8_t, 19> cc = {};
  uint32_t ispeed = 0;  // Baud.
  uint32_t ospeed = 0;

  bool operator==(const TerminalSettings&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("iflag", self.iflag);
    visit("oflag", self.oflag);
    visit("cflag", self.cflag);
    visit("lflag", self.lflag);
    visit("line", self.line, Range<uint32_t>{0, 255});
    visit("cc", self.cc);
    visit("ispeed", self.ispeed);
    visit("ospeed", self.ospeed);
  }
};

// Why output waits, if it does.
enum class Flow : uint32_t {
  kRunning = 0,
  kStoppedByCharacter = 1,  // ^S
  kStoppedByCall = 2,       // tcflow(3)
};

// What is under way between both ends.
struct Queues {
  std::string output;              // Written to the slave, not yet read from the master.
  std::vector<std::string> lines;  // What canonical reads of the slave give, one each.
  std::string input;               // The unfinished line; all input where there are no lines.
  // Behind a full input buffer: neither edited nor echoed yet.
  std::string unprocessed;
  Flow flow = Flow::kRunning;

  bool empty() const { return output.empty() && lines.empty() && input.empty() && unprocessed.empty(); }
  bool operator==(const Queues&) const = default;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("output", self.output, Range<size_t>{0, 1 << 20});
    visit("lines", self.lines, Range<size_t>{0, 8192});
    visit("input", self.input, Range<size_t>{0, 8192});
    visit("unprocessed", self.unprocessed, Range<size_t>{0, 1 << 20});
    visit("flow", self.flow);
  }
};

// A pseudoterminal: both ends.
struct PtyState {
  uint32_t number = 0;  // N of /dev/pts/N.
  TerminalSettings settings;
  std::array<uint16_t, 4> size = {};  // struct winsize.
  bool opened = false;                // The slave was open once: then a master without slave is hung up.
  bool exclusive = false;             // TIOCEXCL on a slave that nobody has open.
  Queues queues;
  // Of the node in /dev/pts.
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("number", self.number, Range<uint32_t>{0, (1 << 20) - 1});
    visit("settings", self.settings);
    visit("size", self.size);
    visit("opened", self.opened);
    visit("exclusive", self.exclusive);
    visit("queues", self.queues);
    visit("mode", self.mode, Range<uint32_t>{0, 07777});
    visit("uid", self.uid);
    visit("gid", self.gid);
  }
};

enum class End : uint32_t {
  kMaster = 0,
  kSlave = 1,
  kControlling = 2,  // Opened as /dev/tty.
  kHungUp = 3,       // A slave that is good for nothing any more.
};

// One open file description of an end.
struct PtyEndState {
  OpenFileState open;
  End end = End::kMaster;
  std::string object;      // Key of the PtyState; "" if hung up.
  bool exclusive = false;  // TIOCEXCL
  bool packets = false;    // TIOCPKT, of a master.
  bool locked = false;     // TIOCSPTLCK, of a master.

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("open", self.open);
    visit("end", self.end);
    visit("object", self.object, Range<size_t>{0, 256});
    visit("exclusive", self.exclusive);
    visit("packets", self.packets);
    visit("locked", self.locked);
  }
};

}  // namespace tardigrade::pty

#endif  // PLUGINS_PTY_PTY_STATE_H_
