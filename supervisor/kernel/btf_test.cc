#include "supervisor/kernel/btf.h"

#include <gtest/gtest.h>
#include <linux/btf.h>

#include <cstring>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;

constexpr uint32_t Info(uint32_t kind, uint32_t count) { return kind << 24 | count; }

// BTF of these:
//   1: int;  2: struct { int in; } (unnamed);  3: struct inner { int x; int y; };
//   4: typedef inner named;  5: struct outer { int a; struct {int in;}; named n; };
//   6: struct twice { int a; };  7: struct twice { int b; int a; };
class BtfBuilder {
 public:
  uint32_t Name(const std::string& name) {
    const auto at = static_cast<uint32_t>(names_.size());
    names_ += name + '\0';
    return at;
  }
  void Add(std::initializer_list<uint32_t> words) { types_.insert(types_.end(), words); }
  std::string Build() const {
    btf_header header = {};
    header.magic = BTF_MAGIC;
    header.version = BTF_VERSION;
    header.hdr_len = sizeof(header);
    header.type_len = static_cast<uint32_t>(types_.size() * 4);
    header.str_off = header.type_len;
    header.str_len = static_cast<uint32_t>(names_.size());
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
    bytes.append(reinterpret_cast<const char*>(types_.data()), types_.size() * 4);
    return bytes + names_;
  }

 private:
  std::vector<uint32_t> types_;
  std::string names_ = std::string(1, '\0');
};

std::string Sample() {
  BtfBuilder b;
  b.Add({b.Name("int"), Info(BTF_KIND_INT, 0), 4, 32});
  b.Add({0, Info(BTF_KIND_STRUCT, 1), 4, b.Name("in"), 1, 0});
  b.Add({b.Name("inner"), Info(BTF_KIND_STRUCT, 2), 8, b.Name("x"), 1, 0, b.Name("y"), 1, 32});
  b.Add({b.Name("named"), Info(BTF_KIND_TYPEDEF, 0), 3});
  b.Add({b.Name("outer"), Info(BTF_KIND_STRUCT, 3), 16, b.Name("a"), 1, 0, 0, 2, 32, b.Name("n"), 4,
         64});
  b.Add({b.Name("twice"), Info(BTF_KIND_STRUCT, 1), 4, b.Name("a"), 1, 0});
  b.Add({b.Name("twice"), Info(BTF_KIND_STRUCT, 2), 8, b.Name("b"), 1, 0, b.Name("a"), 1, 32});
  return b.Build();
}

TEST(Btf, FindsMembers) {
  const Btf btf = Btf::Parse(Sample()).value();
  EXPECT_EQ(btf.OffsetOf("outer", "a").value(), 0u);
  EXPECT_EQ(btf.OffsetOf("outer", "in").value(), 4u);
  EXPECT_EQ(btf.OffsetOf("outer", "n").value(), 8u);
  EXPECT_EQ(btf.OffsetOf("outer", "n.y").value(), 12u);
  EXPECT_EQ(btf.OffsetOf("twice", "b").value(), 0u);
}

TEST(Btf, SaysWhatIsNotThere) {
  const Btf btf = Btf::Parse(Sample()).value();
  for (const char* member : {"b", "a.x", "n.z", ""})
    EXPECT_THAT(btf.OffsetOf("outer", member), FailsWith(ErrorCode::kUnsupported, "no struct"));
  EXPECT_THAT(btf.OffsetOf("int", "a"), FailsWith(ErrorCode::kUnsupported, "no struct"));
  EXPECT_THAT(btf.OffsetOf("twice", "a"), FailsWith(ErrorCode::kUnsupported, "several"));
}

TEST(Btf, RefusesWhatItCannotRead) {
  const std::string good = Sample();
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(Btf::Parse(good.substr(0, size)).has_value()) << size;
  std::string other = good;
  other[0] = 'x';
  EXPECT_THAT(Btf::Parse(other), FailsWith(ErrorCode::kUnsupported, "header"));
  BtfBuilder unknown;
  unknown.Add({0, Info(31, 0), 0});
  EXPECT_THAT(Btf::Parse(unknown.Build()), FailsWith(ErrorCode::kUnsupported, "kind of type"));
}

}  // namespace
}  // namespace tardigrade
