#ifndef SUPERVISOR_IMAGE_DOCUMENTS_H_
#define SUPERVISOR_IMAGE_DOCUMENTS_H_

// The documents of an image as structs.  Prose: protocols/README.md.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/image/attachments.h"
#include "supervisor/image/fields.h"

namespace tardigrade {

inline constexpr const char* kImageFormat = "tardigrade-image";
inline constexpr uint32_t kImageVersion = 4;

// One kind's state, with the name that finds the kind again.
struct KindState {
  std::string kind;
  Value state;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("kind", self.kind);
    visit("state", self.state);
  }
};

// An entry of the table of every file in the image but the manifest itself.
struct ImageFile {
  std::string name;       // Relative to the image directory, no '/'.
  uint64_t size = 0;      // Bytes.
  uint64_t checksum = 0;  // XXH3-64 of the contents.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("name", self.name, Range<size_t>{1, 255});
    visit("size", self.size);
    visit("checksum", self.checksum);
  }
};

// What the image needs of a machine, and where it was made.
struct HostFacts {
  std::string hostname;
  std::string kernel;         // uname -r
  std::string architecture;   // "x86_64"
  uint64_t page_size = 0;     // Bytes.
  uint64_t xfeatures = 0;     // XCR0 bits the threads' extended state uses.
  uint64_t xsave_size = 0;    // Bytes of a thread's extended state.
  std::string vdso_checksum;  // Hex XXH3-64 of the vDSO's text; "" if the job has none.
  std::string boot_id;        // /proc/sys/kernel/random/boot_id
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("hostname", self.hostname);
    visit("kernel", self.kernel);
    visit("architecture", self.architecture);
    visit("page_size", self.page_size, Range<uint64_t>{4096, 65536});
    visit("xfeatures", self.xfeatures);
    visit("xsave_size", self.xsave_size, Range<uint64_t>{0, 1 << 20});
    visit("vdso_checksum", self.vdso_checksum);
    visit("boot_id", self.boot_id);
  }
};

struct ManifestProcess {
  int32_t pid = 0;       // As the process sees itself.
  std::string comm;
  std::string document;  // File name of its ProcessDocument.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("pid", self.pid, Range<int32_t>{1, 1 << 22});
    visit("comm", self.comm);
    visit("document", self.document);
  }
};

// manifest.json.  Processes: the root first, parents before their children.
struct Manifest {
  std::string format = kImageFormat;
  uint32_t version = kImageVersion;
  std::string tool_version;
  std::string created;  // ISO 8601, UTC.
  int32_t root_pid = 0;
  HostFacts host;
  std::vector<ManifestProcess> processes;
  std::vector<ImageFile> files;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("format", self.format);
    visit("version", self.version);
    visit("tool_version", self.tool_version);
    visit("created", self.created);
    visit("root_pid", self.root_pid, Range<int32_t>{1, 1 << 22});
    visit("host", self.host);
    visit("processes", self.processes);
    visit("files", self.files);
  }
};

// One descriptor number.
struct DescriptorDocument {
  int32_t fd = 0;
  bool close_on_exec = false;
  uint32_t file = 0;  // Index into FilesDocument::files.
  Value of_process;   // FdKind::CollectOfProcess(); null for nothing, and for all but the lowest number.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("fd", self.fd, Range<int32_t>{0, 1 << 30});
    visit("close_on_exec", self.close_on_exec);
    visit("file", self.file);
    visit("of_process", self.of_process);
  }
};

// One VMA.
struct MappingDocument {
  uint64_t start = 0;  // [start, end), byte addresses.
  uint64_t end = 0;
  int32_t prot = 0;    // PROT_*
  bool shared = false;
  uint64_t offset = 0;                 // Bytes into the file.
  std::string path;                    // For people.
  std::vector<std::string> vm_flags;   // As smaps' VmFlags names them: "gd", "lo", "hg", ... sorted.
  int32_t protection_key = 0;
  std::string policy;                  // Its own NUMA policy, as numa_maps prints it; "" for none.
  std::string object;                  // Key of the shared memory without a descriptor behind it; else "".
  KindState backing;

  bool HasFlag(std::string_view flag) const {
    return std::find(vm_flags.begin(), vm_flags.end(), flag) != vm_flags.end();
  }

  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("start", self.start);
    visit("end", self.end);
    visit("prot", self.prot, Range<int32_t>{0, 7});
    visit("shared", self.shared);
    visit("offset", self.offset);
    visit("path", self.path);
    visit("vm_flags", self.vm_flags);
    visit("protection_key", self.protection_key, Range<int32_t>{0, 15});
    visit("policy", self.policy);
    visit("object", self.object);
    visit("backing", self.backing);
  }
};

// Pages that fault on any access (MADV_GUARD_INSTALL).
struct GuardRegion {
  uint64_t start = 0;  // [start, end), byte addresses.
  uint64_t end = 0;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("start", self.start);
    visit("end", self.end);
  }
};

struct BacktraceFrame {
  uint64_t address = 0;
  std::string symbol;   // Demangled; "" if unknown.
  uint64_t offset = 0;  // Bytes into the symbol.
  std::string module;   // Path of the mapped file; "" if none.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("address", self.address);
    visit("symbol", self.symbol);
    visit("offset", self.offset);
    visit("module", self.module);
  }
};

// One thread.  Registers and extended state are attachments in the processor's own layout,
// see supervisor/arch.
struct ThreadDocument {
  int32_t tid = 0;  // As the process sees it.
  std::string comm;
  // A leader that had exited, by exit(2) with this, while others went on; absent of those that run.
  // Its registers and extended state are empty.
  std::optional<int32_t> exit_code;
  Attachment registers;        // NT_PRSTATUS as at the stop, interrupted system call included.
  Attachment extended_state;   // NT_X86_XSTATE.
  uint64_t signal_mask = 0;
  // The deadline-carrying system call the thread was in has this long left to run; absent when
  // it was in none, or its time is not known.
  std::optional<int64_t> syscall_time_left_ns;
  std::vector<KindState> states;
  std::vector<BacktraceFrame> backtrace;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("tid", self.tid, Range<int32_t>{1, 1 << 22});
    visit("comm", self.comm);
    visit("exit_code", self.exit_code, Range<int32_t>{0, 255});
    visit("registers", self.registers);
    visit("extended_state", self.extended_state);
    visit("signal_mask", self.signal_mask);
    visit("syscall_time_left_ns", self.syscall_time_left_ns);
    visit("states", self.states);
    visit("backtrace", self.backtrace);
  }
};

// The terminal that controls a session.
struct ControllingTerminal {
  std::string object;      // Its key in FilesDocument::objects; "" for a terminal that is not saved,
  std::string path;        // which is there.
  int32_t foreground = 0;  // Process group; 0 for none that is known.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("object", self.object, Range<size_t>{0, 256});
    visit("path", self.path, Range<size_t>{0, 4096});
    visit("foreground", self.foreground, Range<int32_t>{0, 1 << 22});
  }
};

// With whom a process has kernel state in common (clone(2)): the pid of the first process of the image that
// has the same.  0: it is that itself, or has its own.
struct SharedWith {
  int32_t descriptors = 0;     // CLONE_FILES; then it lists none, and those of that process are its own.
  int32_t filesystem = 0;      // CLONE_FS
  int32_t semaphore_undo = 0;  // CLONE_SYSVSEM
  int32_t io_context = 0;      // CLONE_IO
  int32_t memory = 0;          // CLONE_VM; then it lists no mappings, and has no page file.
  int32_t signal_handlers = 0;  // CLONE_SIGHAND, never without memory.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("descriptors", self.descriptors, Range<int32_t>{0, 1 << 22});
    visit("filesystem", self.filesystem, Range<int32_t>{0, 1 << 22});
    visit("semaphore_undo", self.semaphore_undo, Range<int32_t>{0, 1 << 22});
    visit("io_context", self.io_context, Range<int32_t>{0, 1 << 22});
    visit("memory", self.memory, Range<int32_t>{0, 1 << 22});
    visit("signal_handlers", self.signal_handlers, Range<int32_t>{0, 1 << 22});
  }
};

// process-<pid>.json
struct ProcessDocument {
  int32_t pid = 0;
  int32_t parent = 0;         // Its parent's pid, if that is in the image; else 0.
  int32_t exit_signal = 0;    // What its parent gets when it ends: SIGCHLD, mostly.
  int32_t process_group = 0;  // As the process sees them; 0 if outside its PID namespace.
  int32_t session = 0;
  std::optional<ControllingTerminal> controlling_terminal;  // Of the leader of a session that has one.
  bool gave_up_terminal = false;  // Its session has one, but it has left it (TIOCNOTTY).
  // wait(2) status of a process that has ended and was not waited for.  It has neither threads, nor
  // memory, nor descriptors.
  std::optional<int32_t> exit_status;
  int32_t stop_signal = 0;    // The job was stopped by this signal (SIGSTOP, ...); 0 if it ran.
  bool stop_reported = false;  // Its parent knows: wait(2) has said so.
  SharedWith shared;
  std::vector<ThreadDocument> threads;  // Leader first.
  std::vector<KindState> states;
  std::vector<MappingDocument> mappings;  // By address.
  std::vector<GuardRegion> guards;
  uint32_t protection_keys = 0;         // Bit k: key k (1 to 15) is allocated.
  std::vector<DescriptorDocument> descriptors;
  std::string pages;    // Names of its page file and page map; empty where the memory is another's.
  std::string pagemap;
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("pid", self.pid, Range<int32_t>{1, 1 << 22});
    visit("parent", self.parent, Range<int32_t>{0, 1 << 22});
    visit("exit_signal", self.exit_signal, Range<int32_t>{0, 64});
    visit("process_group", self.process_group, Range<int32_t>{0, 1 << 22});
    visit("session", self.session, Range<int32_t>{0, 1 << 22});
    visit("controlling_terminal", self.controlling_terminal);
    visit("gave_up_terminal", self.gave_up_terminal);
    visit("exit_status", self.exit_status, Range<int32_t>{0, 0xffff});
    visit("stop_signal", self.stop_signal, Range<int32_t>{0, 64});
    visit("stop_reported", self.stop_reported);
    visit("shared", self.shared);
    visit("threads", self.threads, Range<size_t>{0, 100000});
    visit("states", self.states);
    visit("mappings", self.mappings);
    visit("guards", self.guards);
    visit("protection_keys", self.protection_keys, Range<uint32_t>{0, 0xfffe});
    visit("descriptors", self.descriptors);
    visit("pages", self.pages);
    visit("pagemap", self.pagemap);
  }
};

// files.json: open file descriptions and the objects behind them, and what belongs to no process.
struct FilesDocument {
  std::vector<KindState> files;
  std::map<std::string, KindState> objects;  // By CollectContext::AddObject's key.
  std::vector<KindState> job;                // By JobKind.
  template <typename Self, typename Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("files", self.files);
    visit("objects", self.objects);
    visit("job", self.job);
  }
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_DOCUMENTS_H_
