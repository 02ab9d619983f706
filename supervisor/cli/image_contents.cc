#include "supervisor/cli/image_contents.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace tardigrade {
namespace {

constexpr const char* kFilesDocument = "files.json";

Result<ProcessContents> ReadProcess(const ImageReader& image, const ManifestProcess& entry) {
  ProcessContents process;
  process.comm = entry.comm;
  ASSIGN_OR_RETURN(const Value value, image.ReadDocument(entry.document));
  ASSIGN_OR_RETURN(process.document, Decode<ProcessDocument>(value, entry.document));
  const ProcessDocument& document = process.document;
  // It has no memory, or that of another.
  if (document.exit_status.has_value() || document.shared.memory != 0) return process;
  ASSIGN_OR_RETURN(const std::unique_ptr<PageFileReader> pages,
                   image.OpenPages(document.pages, document.pagemap));
  process.saved_bytes =
      SavedBytes(document.mappings, pages->extents(), image.manifest().host.page_size);
  return process;
}

// The end of an extent; the highest address should it lie beyond.
uint64_t EndOf(const PageExtent& extent, uint64_t page_size) {
  uint64_t bytes = 0;
  uint64_t end = 0;
  if (__builtin_mul_overflow(extent.pages, page_size, &bytes) ||
      __builtin_add_overflow(extent.address, bytes, &end)) {
    return UINT64_MAX;
  }
  return end;
}

}  // namespace

Result<ImageContents> ImageContents::Read(const ImageReader& image) {
  ImageContents contents;
  contents.manifest = image.manifest();
  for (const ManifestProcess& entry : contents.manifest.processes) {
    ASSIGN_OR_RETURN(ProcessContents process, ReadProcess(image, entry), "reading process ",
                     entry.pid);
    contents.processes.push_back(std::move(process));
  }
  ASSIGN_OR_RETURN(const Value files, image.ReadDocument(kFilesDocument));
  ASSIGN_OR_RETURN(contents.files, Decode<FilesDocument>(files, kFilesDocument));
  return contents;
}

uint64_t ImageContents::image_bytes() const {
  uint64_t sum = 0;
  for (const ImageFile& file : manifest.files) sum += file.size;
  return sum;
}

std::vector<uint64_t> SavedBytes(std::span<const MappingDocument> mappings,
                                 std::span<const PageExtent> extents, uint64_t page_size) {
  std::vector<uint64_t> saved(mappings.size());
  size_t first = 0;  // The first extent that does not end before the mapping.
  for (size_t i = 0; i < mappings.size(); ++i) {
    const MappingDocument& mapping = mappings[i];
    while (first < extents.size() && EndOf(extents[first], page_size) <= mapping.start) ++first;
    for (size_t e = first; e < extents.size() && extents[e].address < mapping.end; ++e) {
      if (extents[e].is_parents()) continue;
      const uint64_t start = std::max(extents[e].address, mapping.start);
      const uint64_t end = std::min(EndOf(extents[e], page_size), mapping.end);
      if (end > start) saved[i] += end - start;
    }
  }
  return saved;
}

}  // namespace tardigrade
