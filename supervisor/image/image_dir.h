#ifndef SUPERVISOR_IMAGE_IMAGE_DIR_H_
#define SUPERVISOR_IMAGE_IMAGE_DIR_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/base/result.h"
#include "supervisor/base/scoped_fd.h"

// Steps on the directory of an image that writer and reader share.
namespace tardigrade::image_dir {

inline constexpr std::string_view kManifest = "manifest.json";
inline constexpr std::string_view kManifestSum = "manifest.sum";
inline constexpr std::string_view kData = "data.bin";

// No '/', no leading dot, at most 255 bytes, printable ASCII.
bool IsFileName(std::string_view name);
// "pages-<something>.bin"; its checksum is that of its frame checksums.
bool IsPageFile(std::string_view name);
std::string PagesName(std::string_view name);
std::string PagemapName(std::string_view name);

// The contents of manifest.sum: "<16 hex digits>\n".
std::string FormatSum(uint64_t checksum);

// Names of everything in the directory.  Errors: kUsage if something is no regular file.
Result<std::vector<std::string>> ListFiles(int dir_fd, const std::string& path);

// Removes the files in it, not the directory.
Status RemoveFiles(int dir_fd, const std::string& path);

// A regular file of the directory, opened to be read; no symbolic link is followed.  Errors:
// kBadImage.
Result<ScopedFd> OpenForReading(int dir_fd, const std::string& name);
Result<uint64_t> SizeOf(int fd, const std::string& name);

}  // namespace tardigrade::image_dir

#endif  // SUPERVISOR_IMAGE_IMAGE_DIR_H_
