#include "supervisor/kernel/btf.h"

#include <linux/btf.h>

#include <cstring>

namespace tardigrade {

struct Btf::Header : btf_header {};
struct Btf::Type : btf_type {};

namespace {

constexpr int kMostLevels = 16;  // Of unnamed structs, or of typedefs.

// What follows the fixed part of a type, in bytes; nullopt for a kind that is not known.
std::optional<size_t> TailBytes(uint32_t info) {
  const size_t count = BTF_INFO_VLEN(info);
  switch (BTF_INFO_KIND(info)) {
    case BTF_KIND_INT:
      return sizeof(uint32_t);
    case BTF_KIND_ARRAY:
      return sizeof(btf_array);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
      return count * sizeof(btf_member);
    case BTF_KIND_ENUM:
      return count * sizeof(btf_enum);
    case BTF_KIND_FUNC_PROTO:
      return count * sizeof(btf_param);
    case BTF_KIND_VAR:
      return sizeof(btf_var);
    case BTF_KIND_DATASEC:
      return count * sizeof(btf_var_secinfo);
    case BTF_KIND_DECL_TAG:
      return sizeof(btf_decl_tag);
    case BTF_KIND_ENUM64:
      return count * sizeof(btf_enum64);
    case BTF_KIND_PTR:
    case BTF_KIND_FWD:
    case BTF_KIND_TYPEDEF:
    case BTF_KIND_VOLATILE:
    case BTF_KIND_CONST:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_FUNC:
    case BTF_KIND_FLOAT:
    case BTF_KIND_TYPE_TAG:
      return 0;
    default:
      return std::nullopt;
  }
}

Error Unreadable(const char* what) {
  return Error(ErrorCode::kUnsupported,
               StrCat("the kernel's type information (BTF) has ", what, " this build cannot read"));
}

}  // namespace

Result<Btf> Btf::Parse(std::string bytes) {
  Btf btf;
  btf.bytes_ = std::move(bytes);
  const size_t size = btf.bytes_.size();
  if (size < sizeof(Header)) return Unreadable("a length");
  const auto& header = *reinterpret_cast<const Header*>(btf.bytes_.data());
  if (header.magic != BTF_MAGIC || header.version != BTF_VERSION) return Unreadable("a header");
  btf.types_at_ = size_t{header.hdr_len} + header.type_off;
  btf.types_end_ = btf.types_at_ + header.type_len;
  btf.names_at_ = size_t{header.hdr_len} + header.str_off;
  btf.names_end_ = btf.names_at_ + header.str_len;
  if (btf.types_end_ > size || btf.names_end_ > size || header.str_len == 0 ||
      btf.types_at_ % alignof(btf_type) != 0 || btf.bytes_[btf.names_end_ - 1] != '\0')
    return Unreadable("sections");
  RETURN_IF_ERROR(btf.IndexTypes());
  return btf;
}

Status Btf::IndexTypes() {
  types_.push_back(0);  // void
  for (size_t at = types_at_; at < types_end_;) {
    if (types_end_ - at < sizeof(btf_type)) return Unreadable("a type");
    const auto& type = *reinterpret_cast<const btf_type*>(bytes_.data() + at);
    const std::optional<size_t> tail = TailBytes(type.info);
    if (!tail.has_value() || types_end_ - at - sizeof(type) < *tail)
      return Unreadable("a kind of type");
    types_.push_back(static_cast<uint32_t>(at));
    at += sizeof(type) + *tail;
  }
  return Ok();
}

const Btf::Type* Btf::TypeAt(uint32_t id) const {
  if (id == 0 || id >= types_.size()) return nullptr;
  return reinterpret_cast<const Type*>(bytes_.data() + types_[id]);
}

std::string_view Btf::Name(uint32_t offset) const {
  if (offset >= names_end_ - names_at_) return "";
  return bytes_.data() + names_at_ + offset;
}

// There are a hundred thousand to be compared.
bool Btf::IsNamed(uint32_t offset, std::string_view name) const {
  const size_t most = names_end_ - names_at_;
  if (offset >= most || most - offset <= name.size()) return false;
  const char* const at = bytes_.data() + names_at_ + offset;
  return at[name.size()] == '\0' && std::memcmp(at, name.data(), name.size()) == 0;
}

// What a typedef or a qualified type is of.
uint32_t Btf::Resolve(uint32_t id) const {
  for (int level = 0; level < kMostLevels; ++level) {
    const Type* const type = TypeAt(id);
    if (type == nullptr) return 0;
    switch (BTF_INFO_KIND(type->info)) {
      case BTF_KIND_TYPEDEF:
      case BTF_KIND_VOLATILE:
      case BTF_KIND_CONST:
      case BTF_KIND_RESTRICT:
      case BTF_KIND_TYPE_TAG:
        id = type->type;
        break;
      default:
        return id;
    }
  }
  return 0;
}

std::optional<size_t> Btf::FindMember(uint32_t id, std::string_view member, int depth) const {
  const Type* const type = TypeAt(Resolve(id));
  if (type == nullptr || depth > kMostLevels) return std::nullopt;
  const uint32_t kind = BTF_INFO_KIND(type->info);
  if (kind != BTF_KIND_STRUCT && kind != BTF_KIND_UNION) return std::nullopt;
  const std::string_view first = member.substr(0, member.find('.'));
  const auto* const members = reinterpret_cast<const btf_member*>(type + 1);
  for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info); ++i) {
    const bool packed = BTF_INFO_KFLAG(type->info) != 0;
    const uint32_t bits = packed ? BTF_MEMBER_BIT_OFFSET(members[i].offset) : members[i].offset;
    if ((packed && BTF_MEMBER_BITFIELD_SIZE(members[i].offset) != 0) || bits % 8 != 0) continue;
    const std::string_view name = Name(members[i].name_off);
    std::optional<size_t> inner;
    if (name.empty())
      inner = FindMember(members[i].type, member, depth + 1);
    else if (name == member)
      inner = 0;
    else if (name == first)
      inner = FindMember(members[i].type, member.substr(first.size() + 1), depth + 1);
    if (inner.has_value()) return bits / 8 + *inner;
  }
  return std::nullopt;
}

Result<size_t> Btf::OffsetOf(std::string_view type, std::string_view member) const {
  std::optional<size_t> found;
  for (uint32_t id = 1; id < types_.size(); ++id) {
    const Type& here = *TypeAt(id);
    if (BTF_INFO_KIND(here.info) != BTF_KIND_STRUCT || !IsNamed(here.name_off, type)) continue;
    const std::optional<size_t> offset = FindMember(id, member, 0);
    if (found.has_value() && offset.has_value() && *found != *offset)
      return Error(ErrorCode::kUnsupported,
                   StrCat("this kernel has several structs ", type, " with a member ", member));
    if (offset.has_value()) found = offset;
  }
  if (found.has_value()) return *found;
  return Error(ErrorCode::kUnsupported,
               StrCat("this kernel has no struct ", type, " with a member ", member));
}

}  // namespace tardigrade
