#ifndef SUPERVISOR_RESTORE_LOADED_IMAGE_H_
#define SUPERVISOR_RESTORE_LOADED_IMAGE_H_

#include <map>
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
  arch::Registers registers = {};
  std::vector<std::byte> extended_state;
};

struct LoadedProcess {
  ProcessDocument document;
  std::vector<LoadedThread> threads;      // As document.threads.
  std::unique_ptr<PageFileReader> pages;  // Null of one that has ended, or has the memory of another.

  bool has_ended() const { return document.exit_status.has_value(); }
  bool has_memory() const { return pages != nullptr; }  // Of its own, or the first to have it.
};

// The documents of an image, decoded and checked against each other: every reference leads
// somewhere, mappings are sorted and do not overlap, descriptors are distinct, ids are as well.
struct LoadedImage {
  std::unique_ptr<ImageReader> reader;
  FilesDocument files;
  std::vector<LoadedProcess> processes;  // Root first, parents before their children.
  // Who has each descriptor table, as indices of `processes`; by the pid of the first, which is in front.
  std::map<int32_t, std::vector<size_t>> descriptor_tables;
  std::vector<size_t> memory_of;  // For each process the first that has its memory, as an index of `processes`.
  size_t descriptor_sharers = 0;  // Those that are not in front.

  const LoadedProcess& root() const { return processes[0]; }

  // Errors: kBadImage, naming what is wrong.
  static Result<LoadedImage> Load(const std::string& dir);
  static Result<LoadedImage> LoadFrom(std::shared_ptr<const ImageSource> source);
};

// Refuses (kUnsupported) an image that this machine cannot run: another architecture, page size,
// vDSO, or processor state it does not have.
Status CheckHost(const HostFacts& host);

}  // namespace tardigrade

#endif  // SUPERVISOR_RESTORE_LOADED_IMAGE_H_
