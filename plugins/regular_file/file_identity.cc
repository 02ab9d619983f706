#include "plugins/regular_file/file_identity.h"

#include <elf.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <span>
#include <tuple>
#include <vector>

namespace tardigrade::regular_file {
namespace {

constexpr size_t kMostProgramHeaders = 256;
constexpr size_t kMostNoteBytes = 64 << 10;
constexpr int64_t kNsPerSecond = 1'000'000'000;

bool ReadAt(int fd, uint64_t offset, void* out, size_t size) {
  return pread(fd, out, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

std::string ToHex(std::span<const uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

size_t Align4(size_t size) { return (size + 3) & ~size_t{3}; }

std::string FindBuildId(std::span<const uint8_t> notes) {
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr note;
    std::memcpy(&note, notes.data(), sizeof(note));
    notes = notes.subspan(sizeof(note));
    const size_t name = Align4(note.n_namesz);
    const size_t description = Align4(note.n_descsz);
    if (name > notes.size() || note.n_descsz > notes.size() - name) return "";
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && note.n_descsz <= 64 &&
        std::memcmp(notes.data(), "GNU", 4) == 0)
      return ToHex(notes.subspan(name, note.n_descsz));
    notes = notes.subspan(std::min(notes.size(), name + description));
  }
  return "";
}

std::string FormatTime(int64_t ns) {
  const time_t seconds = static_cast<time_t>(ns / kNsPerSecond);
  tm parts = {};
  char text[64] = "?";
  if (gmtime_r(&seconds, &parts) != nullptr)
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
  return StrCat(text, ".", ns % kNsPerSecond, " UTC");
}

std::string Describe(const FileIdentity& identity) {
  return StrCat(identity.size, " bytes modified ", FormatTime(identity.mtime_ns),
                identity.build_id.empty() ? "" : StrCat(", build-id ", identity.build_id));
}

}  // namespace

std::string ReadBuildId(int local_fd) {
  Elf64_Ehdr header;
  if (!ReadAt(local_fd, 0, &header, sizeof(header)) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > kMostProgramHeaders)
    return "";
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  if (!ReadAt(local_fd, header.e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr)))
    return "";
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMostNoteBytes) continue;
    std::vector<uint8_t> notes(segment.p_filesz);
    if (!ReadAt(local_fd, segment.p_offset, notes.data(), notes.size())) continue;
    if (std::string id = FindBuildId(notes); !id.empty()) return id;
  }
  return "";
}

namespace {

// Every process of a tree has the same libraries mapped, several times each: the last ones seen are
// remembered. A file that was written to since is another one (ctime).
std::string BuildIdOf(int local_fd, const struct stat& st) {
  using Version = std::tuple<dev_t, ino_t, off_t, time_t, long, time_t, long>;
  constexpr size_t kMost = 256;
  thread_local std::map<Version, std::string> seen;
  const Version version(st.st_dev, st.st_ino, st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                        st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
  const auto known = seen.find(version);
  if (known != seen.end()) return known->second;
  if (seen.size() >= kMost) seen.clear();
  return seen[version] = ReadBuildId(local_fd);
}

}  // namespace

Result<FileIdentity> ReadIdentity(int local_fd, bool with_build_id) {
  struct stat st = {};
  if (fstat(local_fd, &st) != 0) return Error::Errno("fstat");
  FileIdentity identity;
  identity.size = static_cast<uint64_t>(st.st_size);
  identity.mtime_ns = st.st_mtim.tv_sec * kNsPerSecond + st.st_mtim.tv_nsec;
  if (with_build_id) identity.build_id = BuildIdOf(local_fd, st);
  return identity;
}

std::string DescribeChange(const FileIdentity& before, const FileIdentity& now) {
  return StrCat("it was ", Describe(before), ", now ", Describe(now));
}

}  // namespace tardigrade::regular_file
