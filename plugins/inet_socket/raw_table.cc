#include "plugins/inet_socket/raw_table.h"

#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "supervisor/base/file_io.h"

namespace tardigrade::inet_socket {
namespace {

constexpr size_t kLocal = 1, kRemote = 2, kStage = 3, kInode = 9;  // Columns.
constexpr uint64_t kConnected = 1;                                 // TCP_ESTABLISHED

uint64_t Number(const std::string& text, int base) {
  return std::strtoull(text.c_str(), nullptr, base);
}

// "0100007F:0001": words of the address as this processor shows them, the port in host order.
std::optional<InetEndpoint> ParseEnd(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon != 8 && colon != 32) return std::nullopt;
  InetEndpoint end;
  end.is_v6 = colon == 32;
  end.port = static_cast<uint16_t>(Number(text.substr(colon + 1), 16));
  for (size_t at = 0; at < colon; at += 8) {
    const auto word = static_cast<uint32_t>(Number(text.substr(at, 8), 16));
    std::memcpy(end.address.data() + at / 2, &word, sizeof(word));
  }
  return end;
}

}  // namespace

std::optional<RawSocketInfo> ParseRawTable(std::string_view text, uint64_t inode) {
  std::istringstream lines{std::string(text)};
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::vector<std::string> columns;
    for (std::string word; words >> word;) columns.push_back(word);
    if (columns.size() <= kInode || Number(columns[kInode], 10) != inode) continue;
    const auto local = ParseEnd(columns[kLocal]), remote = ParseEnd(columns[kRemote]);
    if (!local.has_value() || !remote.has_value()) return std::nullopt;
    return RawSocketInfo{
        .local = *local, .remote = *remote, .connected = Number(columns[kStage], 16) == kConnected};
  }
  return std::nullopt;
}

Result<std::optional<RawSocketInfo>> FindRawSocket(int family, int type, uint64_t inode) {
  const char* table = type == SOCK_RAW ? (family == AF_INET ? "raw" : "raw6")
                                       : (family == AF_INET ? "icmp" : "icmp6");
  ASSIGN_OR_RETURN(const std::string text, ReadFile(StrCat("/proc/self/net/", table)));
  return ParseRawTable(text, inode);
}

}  // namespace tardigrade::inet_socket
