#include "supervisor/kernel/nf_tables.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "supervisor/kernel/nf_message.h"
#include "supervisor/kernel/sock_diag.h"

namespace tardigrade {
namespace {

using nf_message::Bytes;
using nf_message::Writer;

constexpr uint32_t kOwnerFlag = 2;  // NFT_TABLE_F_OWNER
constexpr int kFirstOfAll =
    -450;  // Before fragments are put together, and before connection tracking.
constexpr uint32_t kRegister = NFT_REG32_00;
constexpr size_t kElementsPerMessage = 500;  // Attributes are shorter than 64 KiB.
// As nft(8) numbers and joins the types of keys, so that it can print them.
constexpr uint32_t kIpv4 = 7, kIpv6 = 8, kService = 13, kTypeBits = 6;

struct Family {
  bool is_v6 = false;
  const char* set = "";
  uint32_t address_bytes = 0;
  uint32_t source_at = 0;  // In the network header.
  uint32_t destination_at = 0;
  uint32_t address_type = 0;

  uint32_t key_bytes() const { return 2 * (address_bytes + sizeof(uint32_t)); }
  uint32_t key_type() const {
    const uint32_t one = address_type << kTypeBits | kService;
    return one << 2 * kTypeBits | one;
  }
};

constexpr Family kFamilies[] = {{false, "flows4", 4, 12, 16, kIpv4},
                                {true, "flows6", 16, 8, 24, kIpv6}};

template <typename T>
Bytes BytesOf(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

// Remote address and port, local address and port: each in registers of four bytes.
std::vector<std::byte> KeyOf(const TcpFlow& flow, const Family& family) {
  std::vector<std::byte> key(family.key_bytes());
  size_t at = 0;
  for (const InetEndpoint* end : {&flow.remote, &flow.local}) {
    std::memcpy(key.data() + at, end->address.data(), family.address_bytes);
    at += family.address_bytes;
    const uint16_t port = htons(end->port);
    std::memcpy(key.data() + at, &port, sizeof(port));
    at += sizeof(uint32_t);
  }
  return key;
}

void AddSet(Writer& out, const std::string& table, const Family& family, uint32_t lease_s) {
  out.Begin(NFT_MSG_NEWSET, NLM_F_CREATE);
  out.Text(NFTA_SET_TABLE, table);
  out.Text(NFTA_SET_NAME, family.set);
  out.Number(NFTA_SET_FLAGS, lease_s == 0 ? 0 : NFT_SET_TIMEOUT);
  out.Number(NFTA_SET_KEY_TYPE, family.key_type());
  out.Number(NFTA_SET_KEY_LEN, family.key_bytes());
  out.Number(NFTA_SET_ID, family.is_v6 ? 6 : 4);
}

void AddElements(Writer& out, const std::string& table, const Family& family,
                 std::span<const TcpFlow> flows, uint32_t lease_s) {
  constexpr uint64_t kMs = 1000;
  size_t in_message = 0;
  while (!flows.empty()) {
    out.Begin(NFT_MSG_NEWSETELEM, NLM_F_CREATE);
    out.Text(NFTA_SET_ELEM_LIST_TABLE, table);
    out.Text(NFTA_SET_ELEM_LIST_SET, family.set);
    out.Nested(NFTA_SET_ELEM_LIST_ELEMENTS, [&] {
      for (in_message = 0; in_message < kElementsPerMessage && !flows.empty();
           flows = flows.subspan(1)) {
        if (flows.front().local.is_v6 != family.is_v6) continue;
        ++in_message;
        out.Nested(NFTA_LIST_ELEM, [&] {
          out.Nested(NFTA_SET_ELEM_KEY,
                     [&] { out.Data(NFTA_DATA_VALUE, KeyOf(flows.front(), family)); });
          if (lease_s != 0) out.LongNumber(NFTA_SET_ELEM_TIMEOUT, lease_s * kMs);
        });
      }
    });
  }
}

void AddChain(Writer& out, const std::string& table, const char* name, uint32_t hook) {
  out.Begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
  out.Text(NFTA_CHAIN_TABLE, table);
  out.Text(NFTA_CHAIN_NAME, name);
  out.Nested(NFTA_CHAIN_HOOK, [&] {
    out.Number(NFTA_HOOK_HOOKNUM, hook);
    out.Number(NFTA_HOOK_PRIORITY, static_cast<uint32_t>(kFirstOfAll));
  });
  out.Text(NFTA_CHAIN_TYPE, "filter");
  out.Number(NFTA_CHAIN_POLICY, NF_ACCEPT);
}

// One step of a rule.
void Step(Writer& out, const char* name, const std::function<void()>& content) {
  out.Nested(NFTA_LIST_ELEM, [&] {
    out.Text(NFTA_EXPR_NAME, name);
    out.Nested(NFTA_EXPR_DATA, content);
  });
}

// The rule goes on if `key` is, or is not, `value`.
void StepMeta(Writer& out, uint32_t key, uint32_t operation, Bytes value) {
  Step(out, "meta", [&] {
    out.Number(NFTA_META_DREG, kRegister);
    out.Number(NFTA_META_KEY, key);
  });
  Step(out, "cmp", [&] {
    out.Number(NFTA_CMP_SREG, kRegister);
    out.Number(NFTA_CMP_OP, operation);
    out.Nested(NFTA_CMP_DATA, [&] { out.Data(NFTA_DATA_VALUE, value); });
  });
}

void StepLoad(Writer& out, uint32_t base, uint32_t offset, uint32_t bytes, uint32_t& at) {
  Step(out, "payload", [&] {
    out.Number(NFTA_PAYLOAD_DREG, kRegister + at / sizeof(uint32_t));
    out.Number(NFTA_PAYLOAD_BASE, base);
    out.Number(NFTA_PAYLOAD_OFFSET, offset);
    out.Number(NFTA_PAYLOAD_LEN, bytes);
  });
  at += std::max<uint32_t>(bytes, sizeof(uint32_t));
}

void StepLoadKey(Writer& out, const Family& family, bool incoming) {
  constexpr uint32_t kPortBytes = 2, kSourcePortAt = 0, kDestinationPortAt = 2;
  uint32_t at = 0;
  for (const bool source : {incoming, !incoming}) {
    StepLoad(out, NFT_PAYLOAD_NETWORK_HEADER, source ? family.source_at : family.destination_at,
             family.address_bytes, at);
    StepLoad(out, NFT_PAYLOAD_TRANSPORT_HEADER, source ? kSourcePortAt : kDestinationPortAt,
             kPortBytes, at);
  }
}

void AddRule(Writer& out, const std::string& table, const char* chain, const Family& family,
             bool incoming) {
  const uint8_t protocol_family = family.is_v6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
  const uint8_t protocol = IPPROTO_TCP;
  const uint32_t mark = kPassingMark;  // In the order of this machine.
  out.Begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
  out.Text(NFTA_RULE_TABLE, table);
  out.Text(NFTA_RULE_CHAIN, chain);
  out.Nested(NFTA_RULE_EXPRESSIONS, [&] {
    StepMeta(out, NFT_META_NFPROTO, NFT_CMP_EQ, BytesOf(protocol_family));
    StepMeta(out, NFT_META_L4PROTO, NFT_CMP_EQ, BytesOf(protocol));
    StepMeta(out, NFT_META_MARK, NFT_CMP_NEQ, BytesOf(mark));
    StepLoadKey(out, family, incoming);
    Step(out, "lookup", [&] {
      out.Text(NFTA_LOOKUP_SET, family.set);
      out.Number(NFTA_LOOKUP_SREG, kRegister);
      out.Number(NFTA_LOOKUP_SET_ID, family.is_v6 ? 6 : 4);
    });
    Step(out, "immediate", [&] {
      out.Number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
      out.Nested(NFTA_IMMEDIATE_DATA, [&] {
        out.Nested(NFTA_DATA_VERDICT, [&] { out.Number(NFTA_VERDICT_CODE, NF_DROP); });
      });
    });
  });
}

std::string TextOf(Bytes content) {
  std::string text(reinterpret_cast<const char*>(content.data()), content.size());
  return text.substr(0, text.find('\0'));
}

}  // namespace

Result<NfTables> NfTables::Open() {
  ScopedFd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!netlink.valid() && errno == EPROTONOSUPPORT)
    return Error(ErrorCode::kUnsupported, "this kernel has no packet filter (CONFIG_NF_TABLES)");
  if (!netlink.valid()) return Error::Errno("opening the packet filter (nf_tables)");
  constexpr int kLargestRequest = 64 << 20;
  (void)setsockopt(netlink.get(), SOL_SOCKET, SO_SNDBUFFORCE, &kLargestRequest,
                   sizeof(kLargestRequest));
  NfTables tables(std::move(netlink));
  const auto listed = tables.ListLeased("");
  if (listed.has_value()) return tables;
  const int error = listed.error().errno_value();
  if (error == EPERM)
    return Error(ErrorCode::kDenied,
                 "holding packets off takes CAP_NET_ADMIN in the network namespace");
  if (error == EINVAL || error == EOPNOTSUPP)
    return Error(ErrorCode::kUnsupported, "this kernel has no packet filter (CONFIG_NF_TABLES)");
  return listed.error();
}

Status NfTables::HoldOff(const std::string& name, std::span<const TcpFlow> flows,
                         uint32_t lease_s) {
  Writer out;
  out.BeginBatch();
  out.Begin(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
  out.Text(NFTA_TABLE_NAME, name);
  out.Number(NFTA_TABLE_FLAGS, lease_s == 0 ? kOwnerFlag : 0);
  for (const Family& family : kFamilies) {
    AddSet(out, name, family, lease_s);
    AddElements(out, name, family, flows, lease_s);
  }
  AddChain(out, name, "in", NF_INET_PRE_ROUTING);
  AddChain(out, name, "out", NF_INET_LOCAL_OUT);
  for (const Family& family : kFamilies) {
    AddRule(out, name, "in", family, /*incoming=*/true);
    AddRule(out, name, "out", family, /*incoming=*/false);
  }
  // Whose acknowledgement tells that all is done.
  out.Begin(NFT_MSG_NEWTABLE, NLM_F_ACK);
  out.Text(NFTA_TABLE_NAME, name);
  out.Number(NFTA_TABLE_FLAGS, lease_s == 0 ? kOwnerFlag : 0);
  const uint32_t last = out.last_sequence();
  out.EndBatch();
  return nf_message::Transact(netlink_.get(), out, last);
}

Status NfTables::Remove(const std::string& name) {
  Writer out;
  out.BeginBatch();
  out.Begin(NFT_MSG_DELTABLE, NLM_F_ACK);
  out.Text(NFTA_TABLE_NAME, name);
  const uint32_t last = out.last_sequence();
  out.EndBatch();
  Status removed = nf_message::Transact(netlink_.get(), out, last);
  if (!removed.has_value() && removed.error().errno_value() == ENOENT) return Ok();
  return removed;
}

Result<std::vector<std::string>> NfTables::ListLeased(std::string_view prefix) {
  Writer out;
  out.Begin(NFT_MSG_GETTABLE, NLM_F_DUMP);
  std::vector<std::string> names;
  const auto add = [&](Bytes attributes) -> Status {
    std::string name;
    uint32_t flags = 0;
    const auto set = [&](uint16_t type, Bytes content) {
      if (type == NFTA_TABLE_NAME) name = TextOf(content);
      if (type == NFTA_TABLE_FLAGS) flags = ntohl(sock_diag::Take<uint32_t>(content).value_or(0));
      return true;
    };
    RETURN_IF_ERROR(sock_diag::ForEachAttribute(attributes, 0, "the packet filter", set));
    if (name.starts_with(prefix) && (flags & kOwnerFlag) == 0) names.push_back(name);
    return Ok();
  };
  RETURN_IF_ERROR(nf_message::Dump(netlink_.get(), out, add));
  return names;
}

Result<bool> NfTables::HasRunOut(const std::string& name) {
  bool holds = false;
  for (const Family& family : kFamilies) {
    Writer out;
    out.Begin(NFT_MSG_GETSETELEM, NLM_F_DUMP);
    out.Text(NFTA_SET_ELEM_LIST_TABLE, name);
    out.Text(NFTA_SET_ELEM_LIST_SET, family.set);
    const auto add = [&](Bytes attributes) -> Status {
      const auto set = [&](uint16_t type, Bytes content) {
        holds =
            holds || ((type & ~NLA_F_NESTED) == NFTA_SET_ELEM_LIST_ELEMENTS && !content.empty());
        return true;
      };
      return sock_diag::ForEachAttribute(attributes, 0, "the packet filter", set);
    };
    const Status listed = nf_message::Dump(netlink_.get(), out, add);
    // It may be gone, or be somebody else's.
    if (!listed.has_value() && listed.error().errno_value() != ENOENT) return listed.error();
  }
  return !holds;
}

Status NfTables::RemoveRunOut(std::string_view prefix) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListLeased(prefix));
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const bool run_out, HasRunOut(name));
    if (run_out) RETURN_IF_ERROR(Remove(name));
  }
  return Ok();
}

}  // namespace tardigrade
