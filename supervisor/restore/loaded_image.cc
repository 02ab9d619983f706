#include "supervisor/restore/loaded_image.h"

#include <sys/syscall.h>

#include <cstring>
#include <set>

#include "supervisor/arch/x86_64/host.h"

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
  ASSIGN_OR_RETURN(const std::vector<std::byte> registers, attachments.Get(document.registers, sizeof(arch::Registers)));
  if (registers.size() != sizeof(arch::Registers)) return Bad("the registers have another size");
  std::memcpy(&thread.registers, registers.data(), sizeof(thread.registers));
  if (arch::CallOf(thread.registers).number == SYS_restart_syscall)
    return Bad("the registers do not say which system call is to be restarted");
  ASSIGN_OR_RETURN(thread.extended_state, attachments.Get(document.extended_state, kMaxExtendedStateBytes));
  return thread;
}

}  // namespace

Result<LoadedImage> LoadedImage::Load(const std::string& dir) {
  LoadedImage image;
  ASSIGN_OR_RETURN(image.reader, ImageReader::Open(dir));
  const Manifest& manifest = image.reader->manifest();
  if (manifest.processes.size() != 1)
    return Error(ErrorCode::kUnsupported, StrCat("the image holds ", manifest.processes.size(),
                                                 " processes; this version restores one"));
  ASSIGN_OR_RETURN(const Value process, image.reader->ReadDocument(manifest.processes[0].document));
  ASSIGN_OR_RETURN(image.process, Decode<ProcessDocument>(process, "process"));
  ASSIGN_OR_RETURN(const Value files, image.reader->ReadDocument("files.json"));
  ASSIGN_OR_RETURN(image.files, Decode<FilesDocument>(files, "files"));
  RETURN_IF_ERROR(CheckMappings(image.process.mappings, manifest.host.page_size));
  RETURN_IF_ERROR(CheckDescriptors(image.process.descriptors, image.files.files.size()));
  if (image.process.threads[0].tid != image.process.pid) return Bad("the first thread is not the leader");
  std::set<int32_t> tids;
  for (const ThreadDocument& thread : image.process.threads) {
    if (!tids.insert(thread.tid).second) return Bad(StrCat("thread ", thread.tid, " is there twice"));
    ASSIGN_OR_RETURN(LoadedThread loaded, LoadThread(thread, image.reader->attachments()), "thread ", thread.tid);
    image.threads.push_back(std::move(loaded));
  }
  ASSIGN_OR_RETURN(image.pages, image.reader->OpenPages(image.process.pages, image.process.pagemap));
  RETURN_IF_ERROR(CheckPages(*image.pages, image.process.mappings, manifest.host.page_size));
  return image;
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
