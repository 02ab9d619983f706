#include "supervisor/restore/helper_fds.h"

#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "supervisor/restore/file_factory.h"

namespace tardigrade {
namespace {

// What kinds open for a moment while they make files, in each task.
constexpr int kMomentary = 32;

int HighestOwnFd() {
  int highest = 2;
  DIR* dir = opendir("/proc/self/fd");
  if (dir == nullptr) return 1023;
  while (const dirent* entry = readdir(dir)) highest = std::max(highest, std::atoi(entry->d_name));
  closedir(dir);
  return highest;
}

// Mappings of one file share a backing; fills in all but the numbers.
Status FindBackings(const ProcessDocument& process, const KindList& kinds, HelperFds& fds) {
  std::multimap<std::string, size_t> by_path;  // Path of a mapping -> backing.
  for (size_t i = 0; i < process.mappings.size(); ++i) {
    const MappingDocument& mapping = process.mappings[i];
    const MappingKind* kind = FindMappingKind(kinds, mapping.backing.kind);
    if (kind == nullptr)
      return Error(ErrorCode::kBadImage,
                   StrCat("the image has a mapping of a kind this version does not know: ",
                          mapping.backing.kind));
    size_t found = HelperFds::npos;
    if (!kind->has_backing()) {
      fds.backing_of.push_back(found);
      continue;
    }
    const auto [first, last] = by_path.equal_range(mapping.path);
    for (auto it = first; it != last && found == HelperFds::npos; ++it) {
      const KindState& other = process.mappings[fds.opened_from[it->second]].backing;
      if (other.kind == mapping.backing.kind && other.state == mapping.backing.state)
        found = it->second;
    }
    if (found == HelperFds::npos) {
      found = fds.opened_from.size();
      fds.opened_from.push_back(i);
      by_path.emplace(mapping.path, found);
    }
    fds.backing_of.push_back(found);
  }
  return Ok();
}

// How many of those that share its descriptor table come before each process.
std::vector<int> PlacesInTable(const LoadedImage& image) {
  std::map<int32_t, int> members;  // By the first's pid.
  std::vector<int> places;
  for (const LoadedProcess& process : image.processes) {
    const int32_t with = process.document.shared.descriptors;
    places.push_back(members[with == 0 ? process.document.pid : with]++);
  }
  return places;
}

}  // namespace

int FindFreeNumbers(std::span<const int> taken, int lowest, int count, uint64_t limit) {
  std::vector<int> sorted(taken.begin(), taken.end());
  std::sort(sorted.begin(), sorted.end());
  const auto fits = [&](int first, uint64_t end) {
    return static_cast<uint64_t>(first) + static_cast<uint64_t>(count) <= end;
  };
  const int above = sorted.empty() ? lowest : std::max(lowest, sorted.back() + 1);
  if (fits(above, limit)) return above;
  int at = lowest;
  for (const int number : sorted) {
    if (number >= at && fits(at, std::min<uint64_t>(limit, static_cast<uint64_t>(number)))) return at;
    at = std::max(at, number + 1);
  }
  return -1;
}

Result<std::vector<HelperFds>> AssignHelperFds(const LoadedImage& image, const KindList& kinds) {
  std::vector<HelperFds> all(image.processes.size());
  std::vector<int> taken;
  size_t most_backings = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const ProcessDocument& process = image.processes[i].document;
    RETURN_IF_ERROR(FindBackings(process, kinds, all[i]));
    most_backings = std::max(most_backings, all[i].opened_from.size());
    for (const DescriptorDocument& d : process.descriptors) taken.push_back(d.fd);
  }
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return Error::Errno("getrlimit");
  const std::vector<int> places = PlacesInTable(image);
  const int sharers = *std::max_element(places.begin(), places.end()) + 1;
  const int of_each = 1 + static_cast<int>(most_backings);
  const int momentary = kMomentary * sharers;
  const size_t count = static_cast<size_t>(of_each * sharers + 2 * momentary) + image.files.files.size() + image.files.objects.size();
  // Below are this process's own descriptors, and room for what is open for a moment.
  const int lowest = HighestOwnFd() + momentary;
  const int pages = FindFreeNumbers(taken, lowest, static_cast<int>(count), limit.rlim_max);
  if (pages < 0)
    return Error(ErrorCode::kDenied,
                 StrCat("the hard limit of open files here is ", limit.rlim_max,
                        ", too low to make this job's; raise it (ulimit -Hn)"));
  for (size_t process = 0; process < all.size(); ++process) {
    HelperFds& fds = all[process];
    fds.pages = pages + places[process] * of_each;
    for (size_t i = 0; i < fds.opened_from.size(); ++i) fds.backings.push_back(fds.pages + 1 + static_cast<int>(i));
    fds.first_free = pages + of_each * sharers + momentary / 2;
  }
  return all;
}

}  // namespace tardigrade
