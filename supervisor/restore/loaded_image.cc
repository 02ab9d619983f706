#include "supervisor/restore/loaded_image.h"

#include <sys/syscall.h>

#include <cstring>
#include <map>
#include <set>

#include "supervisor/arch/x86_64/host.h"
#include "supervisor/image/shared_state.h"

namespace tardigrade {
namespace {

constexpr uint64_t kMaxExtendedStateBytes = 1 << 20;

Error Bad(const std::string& what) { return Error(ErrorCode::kBadImage, what); }

Status CheckMappings(const std::vector<MappingDocument>& mappings, uint64_t page_size) {
  uint64_t last_end = 0;
  for (const MappingDocument& mapping : mappings) {
    const std::string where = StrCat("mapping at ", Hex(mapping.start));
    if (mapping.start < last_end || mapping.end <= mapping.start) return Bad(where + " overlaps or is out of order");
    if (mapping.start % page_size != 0 || mapping.end % page_size != 0 || mapping.offset % page_size != 0)
      return Bad(where + " is not page-aligned");
    last_end = mapping.end;
  }
  return Ok();
}

Status CheckDescriptors(const std::vector<DescriptorDocument>& descriptors, size_t files) {
  std::set<int32_t> seen;
  for (const DescriptorDocument& descriptor : descriptors) {
    if (descriptor.file >= files) return Bad(StrCat("descriptor ", descriptor.fd, " refers to no file"));
    if (!seen.insert(descriptor.fd).second) return Bad(StrCat("descriptor ", descriptor.fd, " is there twice"));
  }
  return Ok();
}

// Pages must lie inside mappings: the restorer writes them there.
Status CheckPages(const PageFileReader& pages, const std::vector<MappingDocument>& mappings, uint64_t page_size) {
  auto mapping = mappings.begin();
  for (const PageExtent& extent : pages.extents()) {
    uint64_t at = extent.address;
    const uint64_t end = extent.address + extent.pages * page_size;
    while (at < end) {
      while (mapping != mappings.end() && mapping->end <= at) ++mapping;
      if (mapping == mappings.end() || mapping->start > at) return Bad(StrCat("pages at ", Hex(at), " lie in no mapping"));
      at = std::min(end, mapping->end);
    }
  }
  return Ok();
}

Result<LoadedThread> LoadThread(const ThreadDocument& document, const AttachmentReader& attachments) {
  LoadedThread thread;
  if (document.exit_code) return thread;
  ASSIGN_OR_RETURN(const std::vector<std::byte> registers, attachments.Get(document.registers, sizeof(arch::Registers)));
  if (registers.size() != sizeof(arch::Registers)) return Bad("the registers have another size");
  std::memcpy(&thread.registers, registers.data(), sizeof(thread.registers));
  if (arch::CallOf(thread.registers).number == SYS_restart_syscall)
    return Bad("the registers do not say which system call is to be restarted");
  ASSIGN_OR_RETURN(thread.extended_state, attachments.Get(document.extended_state, kMaxExtendedStateBytes));
  return thread;
}

Result<LoadedProcess> LoadProcess(const ImageReader& reader, const ManifestProcess& entry, const FilesDocument& files) {
  LoadedProcess process;
  ASSIGN_OR_RETURN(const Value value, reader.ReadDocument(entry.document));
  ASSIGN_OR_RETURN(process.document, Decode<ProcessDocument>(value, "process"));
  const ProcessDocument& document = process.document;
  if (document.controlling_terminal.has_value() && !document.controlling_terminal->object.empty() &&
      !files.objects.contains(document.controlling_terminal->object))
    return Bad(StrCat("there is no terminal ", document.controlling_terminal->object));
  if (process.has_ended()) {
    if (!document.threads.empty() || !document.mappings.empty() || !document.descriptors.empty())
      return Bad("it has ended, and yet has threads, memory or descriptors");
    return process;
  }
  const uint64_t page_size = reader.manifest().host.page_size;
  RETURN_IF_ERROR(CheckMappings(document.mappings, page_size));
  RETURN_IF_ERROR(CheckDescriptors(document.descriptors, files.files.size()));
  if (document.threads.empty() || document.threads[0].tid != document.pid) return Bad("the first thread is not the leader");
  for (const ThreadDocument& thread : document.threads) {
    if (thread.exit_code && (thread.tid != document.pid || document.threads.size() == 1))
      return Bad(StrCat("thread ", thread.tid, " has exited, which only a leader that leaves others may have"));
    ASSIGN_OR_RETURN(LoadedThread loaded, LoadThread(thread, reader.attachments()), "thread ", thread.tid);
    process.threads.push_back(std::move(loaded));
  }
  if (document.shared.memory != 0) {
    if (!document.mappings.empty() || !document.guards.empty() || document.protection_keys != 0 || !document.pages.empty())
      return Bad("it has memory, and yet that of another");
    return process;
  }
  ASSIGN_OR_RETURN(process.pages, reader.OpenPages(document.pages, document.pagemap));
  RETURN_IF_ERROR(CheckPages(*process.pages, document.mappings, page_size));
  return process;
}

Status CheckTree(const std::vector<LoadedProcess>& processes) {
  if (processes.empty()) return Bad("it holds no process");
  if (processes[0].document.parent != 0 || processes[0].has_ended()) return Bad("the first process is not the root");
  std::set<int32_t> ids;
  std::set<int32_t> parents;
  for (const LoadedProcess& process : processes) {
    const ProcessDocument& document = process.document;
    if (document.parent != 0 && !parents.contains(document.parent))
      return Bad(StrCat("the parent of process ", document.pid, " does not come before it"));
    if (process.has_ended() && !ids.insert(document.pid).second) return Bad(StrCat("process ", document.pid, " is there twice"));
    if (!process.has_ended()) parents.insert(document.pid);
    for (const ThreadDocument& thread : document.threads) {
      if (!ids.insert(thread.tid).second) return Bad(StrCat("thread ", thread.tid, " is there twice"));
    }
  }
  return Ok();
}

int32_t MemoryOf(const ProcessDocument& document) {
  return document.shared.memory == 0 ? document.pid : document.shared.memory;
}

// The first that has it comes first, and lives.
Status CheckShared(const std::vector<LoadedProcess>& processes) {
  std::map<int32_t, const ProcessDocument*> living;
  for (const LoadedProcess& process : processes) {
    const ProcessDocument& document = process.document;
    for (const SharedState& state : kSharedStates) {
      const int32_t with = document.shared.*state.with;
      if (with == 0) continue;
      const auto first = living.find(with);
      if (process.has_ended() || first == living.end() || first->second->shared.*state.with != 0)
        return Bad(StrCat("process ", document.pid, " cannot share ", state.what, " with ", with));
    }
    if (document.shared.descriptors != 0 && !document.descriptors.empty())
      return Bad(StrCat("process ", document.pid, " has descriptors, and yet those of another"));
    if (document.shared.signal_handlers != 0 &&
        MemoryOf(document) != MemoryOf(*living.at(document.shared.signal_handlers)))
      return Bad(StrCat("process ", document.pid, " shares signal handlers, and yet no memory"));
    if (!process.has_ended()) living.emplace(document.pid, &document);
  }
  return Ok();
}

Result<LoadedImage> LoadAll(std::unique_ptr<ImageReader> reader) {
  LoadedImage image;
  image.reader = std::move(reader);
  ASSIGN_OR_RETURN(const Value files, image.reader->ReadDocument("files.json"));
  ASSIGN_OR_RETURN(image.files, Decode<FilesDocument>(files, "files"));
  for (const ManifestProcess& entry : image.reader->manifest().processes) {
    ASSIGN_OR_RETURN(LoadedProcess process, LoadProcess(*image.reader, entry, image.files), "process ", entry.pid);
    image.processes.push_back(std::move(process));
  }
  RETURN_IF_ERROR(CheckTree(image.processes));
  RETURN_IF_ERROR(CheckShared(image.processes));
  for (size_t i = 0; i < image.processes.size(); ++i) {
    const LoadedProcess& process = image.processes[i];
    const int32_t with = process.document.shared.descriptors;
    image.memory_of.push_back(i);
    if (process.has_ended()) continue;
    for (size_t first = 0; first < i; ++first) {
      if (process.document.shared.memory != 0 && image.processes[first].document.pid == process.document.shared.memory) image.memory_of[i] = first;
    }
    image.descriptor_tables[with == 0 ? process.document.pid : with].push_back(i);
    image.descriptor_sharers += with != 0;
  }
  return image;
}

}  // namespace

Result<LoadedImage> LoadedImage::Load(const std::string& dir) {
  ASSIGN_OR_RETURN(std::unique_ptr<ImageReader> reader, ImageReader::Open(dir));
  return LoadAll(std::move(reader));
}

Result<LoadedImage> LoadedImage::LoadFrom(std::shared_ptr<const ImageSource> source) {
  ASSIGN_OR_RETURN(std::unique_ptr<ImageReader> reader, ImageReader::OpenIn(std::move(source)));
  return LoadAll(std::move(reader));
}

Status CheckHost(const HostFacts& host) {
  ASSIGN_OR_RETURN(const HostFacts here, ReadHostFacts());
  if (host.architecture != here.architecture)
    return Error(ErrorCode::kUnsupported, StrCat("the image is of a ", host.architecture, " machine, this is ", here.architecture));
  if (host.page_size != here.page_size)
    return Error(ErrorCode::kUnsupported, StrCat("the image has pages of ", host.page_size, " bytes, this machine of ", here.page_size));
  if ((host.xfeatures & ~here.xfeatures) != 0)
    return Error(ErrorCode::kUnsupported,
                 StrCat("the job uses processor state that this processor lacks: XCR0 bits ",
                        Hex(host.xfeatures & ~here.xfeatures), "; restore it on a machine like ", host.hostname));
  if (!host.vdso_checksum.empty() && host.vdso_checksum != here.vdso_checksum)
    return Error(ErrorCode::kUnsupported,
                 StrCat("the job was saved under kernel ", host.kernel, ", whose vDSO is not that of this kernel, ", here.kernel,
                        "; restore it under the same kernel"));
  return Ok();
}

}  // namespace tardigrade
