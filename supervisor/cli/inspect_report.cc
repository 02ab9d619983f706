#include "supervisor/cli/inspect_report.h"

#include <sys/mman.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <utility>

#include "supervisor/base/str_cat.h"
#include "supervisor/cli/text.h"
#include "supervisor/image/shared_state.h"

namespace tardigrade {
namespace {

constexpr size_t kStateWidth = 160;

std::string Row(const char* format, auto... parts) {
  char line[256];
  (void)std::snprintf(line, sizeof(line), format, parts...);
  return line;
}

std::string PermissionText(const MappingDocument& mapping) {
  std::string text = "---p";
  if ((mapping.prot & PROT_READ) != 0) text[0] = 'r';
  if ((mapping.prot & PROT_WRITE) != 0) text[1] = 'w';
  if ((mapping.prot & PROT_EXEC) != 0) text[2] = 'x';
  if (mapping.shared) text[3] = 's';
  return text;
}

uint64_t SizeOf(const MappingDocument& mapping) {
  return mapping.end > mapping.start ? mapping.end - mapping.start : 0;
}

void AppendHeader(const std::string& dir, const ImageContents& contents, std::string& out) {
  const Manifest& manifest = contents.manifest;
  const HostFacts& host = manifest.host;
  out +=
      StrCat("image    ", PrintableText(dir), ", version ", manifest.version, ", made ",
             PrintableText(manifest.created), " by ", PrintableText(manifest.tool_version), "\n");
  out += StrCat("host     ", PrintableText(host.hostname), ", Linux ", PrintableText(host.kernel),
                ", ", PrintableText(host.architecture), "\n");
  out += StrCat("size     ", BytesText(contents.image_bytes()), " in ",
                CountText(manifest.files.size(), "file"), "\n");
}

void AppendThreads(const ProcessDocument& process, std::string& out) {
  out += StrCat("  ", CountText(process.threads.size(), "thread"), "\n");
  for (const ThreadDocument& thread : process.threads) {
    out += StrCat("    ", thread.tid, " ", PrintableText(thread.comm));
    if (thread.exit_code) out += StrCat(", exited with ", *thread.exit_code);
    out += "\n";
    for (size_t i = 0; i < thread.backtrace.size(); ++i) {
      out += Row("      #%-2zu 0x%016" PRIx64 " ", i, thread.backtrace[i].address);
      out += FrameText(thread.backtrace[i]) + "\n";
    }
  }
}

void AppendMappings(const ProcessContents& process, std::string& out) {
  const std::vector<MappingDocument>& mappings = process.document.mappings;
  uint64_t all_bytes = 0;
  uint64_t saved_bytes = 0;
  std::string rows;
  for (size_t i = 0; i < mappings.size(); ++i) {
    const MappingDocument& mapping = mappings[i];
    const uint64_t saved = i < process.saved_bytes.size() ? process.saved_bytes[i] : 0;
    all_bytes += SizeOf(mapping);
    saved_bytes += saved;
    rows += Row("    %016" PRIx64 "-%016" PRIx64 " %s %10s %10s  ", mapping.start, mapping.end,
                PermissionText(mapping).c_str(), BytesText(SizeOf(mapping)).c_str(),
                BytesText(saved).c_str());
    rows += StrCat(PrintableText(mapping.backing.kind), mapping.path.empty() ? "" : " ",
                   PrintableText(mapping.path), "\n");
  }
  out += StrCat("  ", CountText(mappings.size(), "mapping"), ", ", BytesText(all_bytes), ", ",
                BytesText(saved_bytes), " saved (address, access, size, saved, kind)\n", rows);
}

void AppendDescriptors(const ProcessDocument& process, const FilesDocument& files,
                       std::string& out) {
  out += StrCat("  ", CountText(process.descriptors.size(), "descriptor"), "\n");
  std::map<uint32_t, int32_t> first_of;  // Descriptions seen, with the first number.
  for (const DescriptorDocument& descriptor : process.descriptors) {
    out += Row("    %3d ", descriptor.fd);
    const auto [first, is_new] = first_of.emplace(descriptor.file, descriptor.fd);
    if (!is_new) {
      out += StrCat("as ", first->second);
    } else if (descriptor.file < files.files.size()) {
      const KindState& file = files.files[descriptor.file];
      out += StrCat(PrintableText(file.kind), " ", StateText(file.state));
    } else {
      out += StrCat("? (there is no file ", descriptor.file, ")");
    }
    out += descriptor.close_on_exec ? " (close-on-exec)\n" : "\n";
  }
}

void AppendShared(const SharedWith& shared, std::string& out) {
  for (const SharedState& state : kSharedStates) {
    if (shared.*state.with != 0) out += StrCat("  shares ", state.what, " with process ", shared.*state.with, "\n");
  }
}

// Scalars as they are, lists by their length, structures not at all.
std::string MemberText(const std::string& name, const Value& value) {
  if (const std::string* text = value.AsString(); text != nullptr)
    return StrCat(name, "=", PrintableText(*text));
  if (const int64_t* number = value.AsSigned(); number != nullptr)
    return StrCat(name, "=", *number);
  if (const uint64_t* number = value.AsUnsigned(); number != nullptr)
    return StrCat(name, "=", *number);
  if (const bool* flag = value.AsBool(); flag != nullptr) return *flag ? name : "";
  if (const Value::Array* list = value.AsArray(); list != nullptr)
    return StrCat(name, "=[", list->size(), "]");
  return "";
}

Value ProcessJson(const ProcessContents& process) {
  const Value encoded = Encode(process.document);
  Value::Object object = *encoded.AsObject();
  Value::Array mappings;
  uint64_t total = 0;
  for (size_t i = 0; i < process.document.mappings.size(); ++i) {
    const Value mapping = Encode(process.document.mappings[i]);
    Value::Object members = *mapping.AsObject();
    const uint64_t saved = i < process.saved_bytes.size() ? process.saved_bytes[i] : 0;
    members.emplace("saved_bytes", saved);
    total += saved;
    mappings.emplace_back(std::move(members));
  }
  object.insert_or_assign("mappings", Value(std::move(mappings)));
  object.emplace("comm", process.comm);
  object.emplace("saved_bytes", total);
  return Value(std::move(object));
}

}  // namespace

std::string FrameText(const BacktraceFrame& frame) {
  std::string text = "?";
  if (!frame.symbol.empty()) {
    text = StrCat(PrintableText(frame.symbol), "+", Hex(frame.offset));
  } else if (!frame.module.empty()) {
    text = StrCat(Hex(frame.offset));
  }
  if (!frame.module.empty()) text += StrCat(" (", PrintableText(frame.module), ")");
  return text;
}

std::string StateText(const Value& state) {
  const Value::Object* object = state.AsObject();
  if (object == nullptr) return "";
  std::string text;
  const auto append = [&](const std::string& name, const Value& value) {
    const std::string member = MemberText(PrintableText(name), value);
    if (!member.empty()) text += (text.empty() ? "" : " ") + member;
  };
  // What it is comes first, however long; the rest is cut.
  for (const char* name : {"path", "link"}) {
    if (const Value* value = state.Find(name); value != nullptr) append(name, *value);
  }
  const size_t width = std::max(kStateWidth, text.size());
  for (const auto& [name, value] : *object)
    if (name != "path" && name != "link") append(name, value);
  if (text.size() > width) text = text.substr(0, width) + "...";
  return text;
}

std::string InspectText(const std::string& dir, const ImageContents& contents) {
  std::string out;
  AppendHeader(dir, contents, out);
  for (const ProcessContents& process : contents.processes) {
    const ProcessDocument& document = process.document;
    out += StrCat("\nprocess ", document.pid, " ", PrintableText(process.comm), ", group ",
                  document.process_group, ", session ", document.session);
    if (document.parent != 0) out += StrCat(", child of ", document.parent);
    if (document.exit_status) {
      out += StrCat(", has ended (wait status ", Hex(static_cast<uint64_t>(*document.exit_status)), ")\n");
      continue;
    }
    if (document.stop_signal != 0) out += StrCat(", stopped by signal ", document.stop_signal);
    out += "\n";
    AppendThreads(document, out);
    AppendMappings(process, out);
    AppendShared(document.shared, out);
    if (document.shared.descriptors == 0) AppendDescriptors(document, contents.files, out);
  }
  return out;
}

Value InspectJson(const std::string& dir, const ImageContents& contents) {
  Value::Array processes;
  for (const ProcessContents& process : contents.processes)
    processes.push_back(ProcessJson(process));
  return Value(Value::Object{
      {"ok", Value(true)},
      {"image", Value(dir)},
      {"image_bytes", Value(contents.image_bytes())},
      {"manifest", Encode(contents.manifest)},
      {"processes", Value(std::move(processes))},
      {"files", Encode(contents.files)},
  });
}

}  // namespace tardigrade
