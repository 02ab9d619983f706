#ifndef SUPERVISOR_RESTORE_LOADED_IMAGE_H_
#define SUPERVISOR_RESTORE_LOADED_IMAGE_H_

#include <memory>
#include <string>
#include <vector>

#include "supervisor/arch/x86_64/registers.h"
#include "supervisor/base/result.h"
#include "supervisor/image/documents.h"
#include "supervisor/image/image_store.h"

namespace tardigrade {

// A thread of the image with its attachments read.
struct LoadedThread {
  arch::Registers registers;
  std::vector<std::byte> extended_state;
};

// The documents of an image, decoded and checked against each other: every reference leads
// somewhere, mappings are sorted and do not overlap, descriptors are distinct.
struct LoadedImage {
  std::unique_ptr<ImageReader> reader;
  ProcessDocument process;
  FilesDocument files;
  std::vector<LoadedThread> threads;  // As process.threads.
  std::unique_ptr<PageFileReader> pages;

  // Errors: kBadImage, naming what is wrong.
  static Result<LoadedImage> Load(const std::string& dir);
};

// Refuses (kUnsupported) an image that this machine cannot run: another architecture, page size,
// vDSO, or processor state it does not have.
Status CheckHost(const HostFacts& host);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_LOADED_IMAGE_H_
