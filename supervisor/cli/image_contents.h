#ifndef SUPERVISOR_CLI_IMAGE_CONTENTS_H_
#define SUPERVISOR_CLI_IMAGE_CONTENTS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/documents.h"
#include "supervisor/image/image_store.h"

namespace tardigrade {

struct ProcessContents {
  std::string comm;
  ProcessDocument document;
  std::vector<uint64_t> saved_bytes;  // Of each mapping: its bytes in the page file.
};

// All that an image says, but for page data and attachments.
struct ImageContents {
  Manifest manifest;
  std::vector<ProcessContents> processes;
  FilesDocument files;

  // Errors: kBadImage, naming the document.
  static Result<ImageContents> Read(const ImageReader& image);

  uint64_t image_bytes() const;  // Of all files the manifest lists.
};

// How many bytes of each mapping are in the extents.  Both are sorted by address, as an image
// promises; of one that lies the numbers are wrong, no more.
std::vector<uint64_t> SavedBytes(std::span<const MappingDocument> mappings,
                                 std::span<const PageExtent> extents, uint64_t page_size);

}  // namespace tardigrade

#endif  // SUPERVISOR_CLI_IMAGE_CONTENTS_H_
