#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "protocols/page_map.h"
#include "supervisor/base/file_io.h"
#include "supervisor/image/page_file_reader.h"

// The input is the page map; the page file has the size it claims, up to a few pages.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tardigrade::ScopedFd pages(memfd_create("pages", MFD_CLOEXEC));
  const tardigrade::ScopedFd pagemap(memfd_create("pagemap", MFD_CLOEXEC));
  tardigrade::protocol::PageMapHeader header = {};
  if (size >= sizeof(header)) std::memcpy(&header, data, sizeof(header));
  (void)!ftruncate(pages.get(), static_cast<off_t>(header.data_bytes % (1 << 20)));
  (void)tardigrade::PwriteAll(pagemap.get(), std::as_bytes(std::span(data, size)), 0);
  const auto reader = tardigrade::OpenPageFile(std::move(pages), pagemap.get());
  if (reader.has_value()) (void)tardigrade::VerifyFrames(*reader.value());
  return 0;
}
