#ifndef SUPERVISOR_IMAGE_IMAGE_STORE_H_
#define SUPERVISOR_IMAGE_IMAGE_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/image/attachments.h"
#include "supervisor/image/documents.h"
#include "supervisor/image/durability.h"
#include "supervisor/image/image_source.h"
#include "supervisor/image/image_target.h"
#include "supervisor/image/page_file.h"
#include "supervisor/image/value.h"

namespace tardigrade {

// An image being written, in DIR.partial/ (mode 0700).  Commit() makes it DIR: every file and
// the directory are fsync'ed (if it is to be durable), then DIR.partial is renamed.  Destroying it before Commit() removes
// DIR.partial and leaves an older DIR alone.
class ImageWriter {
 public:
  // Errors: kUsage if `dir` exists and `overwrite` is not set, or exists and is no image.
  static Result<std::unique_ptr<ImageWriter>> Create(const std::string& dir, bool overwrite,
                                                     Durability durability = Durability::kDurable);
  // Into something else than a directory: Commit() publishes that.
  static Result<std::unique_ptr<ImageWriter>> CreateIn(std::unique_ptr<ImageTarget> target);
  virtual ~ImageWriter() = default;

  // data.bin.
  virtual AttachmentWriter& attachments() = 0;

  // The following may be called, and page files be closed, by several threads at once.
  //
  // A page file and its page map, both named after `name`: "pages-<name>.bin", "pagemap-<name>.bin".
  // Close() it before Commit().
  virtual Result<std::unique_ptr<PageFileWriter>> CreatePages(const std::string& name) = 0;

  virtual Status WriteDocument(const std::string& name, const Value& document) = 0;

  // Fills in manifest.files (name, size, checksum of every file) and makes the image whole.
  virtual Status Commit(Manifest manifest) = 0;

  virtual uint64_t bytes_written() const = 0;
};

// An image being read.  Nothing in it is trusted: names are checked, sizes are capped, documents
// are checked against the manifest's table when read.
class ImageReader {
 public:
  // Errors: kBadImage if it is not an image, was not finished, or is of an unknown version (names it).
  static Result<std::unique_ptr<ImageReader>> Open(const std::string& dir);
  // The same of one that is elsewhere.
  static Result<std::unique_ptr<ImageReader>> OpenIn(std::shared_ptr<const ImageSource> source);
  virtual ~ImageReader() = default;

  virtual const Manifest& manifest() const = 0;
  virtual const AttachmentReader& attachments() const = 0;

  // Parses and checks a document of the image.
  virtual Result<Value> ReadDocument(const std::string& name) const = 0;

  // The page map as a list, and the page file opened for reading.
  virtual Result<std::unique_ptr<PageFileReader>> OpenPages(const std::string& pages, const std::string& pagemap) const = 0;

  // Every checksum of every file.  Errors: kBadImage, naming the file.
  virtual Status Verify() const = 0;
};

}  // namespace tardigrade

#endif  // SUPERVISOR_IMAGE_IMAGE_STORE_H_
