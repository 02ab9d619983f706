#include "supervisor/restore/address_space_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::IsOk;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int kReadWrite = PROT_READ | PROT_WRITE;

// A small job: two mappings, pages in the first one.
class AddressSpacePlan : public ::testing::Test {
 protected:
  AddressSpacePlan() {
    Add(0x10000, 0x20000, PROT_READ);
    Add(0x30000, 0x40000, kReadWrite);
    extents_.push_back({.address = 0x11000, .pages = 2, .file_offset = 0, .flags = 0});
    here_.push_back(Kernel("[vdso]", 0x7fff00000000, 0x2000));
  }

  MappingDocument& Add(uint64_t start, uint64_t end, int prot) {
    MappingDocument mapping;
    mapping.start = start;
    mapping.end = end;
    mapping.prot = prot;
    fds_.push_back(-1);
    return process_.mappings.emplace_back(mapping);
  }
  static MemoryMapping Kernel(const char* path, uint64_t start, uint64_t size) {
    MemoryMapping mapping;
    mapping.start = start;
    mapping.end = start + size;
    mapping.path = path;
    return mapping;
  }

  Status Plan(std::vector<FillMark>* marks = nullptr) {
    AddressSpaceInputs inputs;
    inputs.process = &process_;
    inputs.extents = extents_;
    inputs.here = here_;
    inputs.inherited = &inherited_;
    inputs.segment = {.start = 0x500000, .size = 0x100000, .parking = 0x5c0000};
    inputs.pages_fd = 100;
    inputs.backing_fds = fds_;
    inputs.first_helper_fd = 100;
    plan_ = SyscallPlan();
    return PlanAddressSpace(inputs, plan_, marks);
  }
  std::vector<std::string> Labels() const {
    std::vector<std::string> labels;
    for (size_t i = 0; i < plan_.size(); ++i) labels.push_back(plan_.label(i));
    return labels;
  }
  size_t Count(std::string_view text) const {
    size_t n = 0;
    for (const std::string& label : Labels()) n += label.find(text) != std::string::npos;
    return n;
  }

  ProcessDocument process_;
  std::vector<PageExtent> extents_;
  std::vector<MemoryMapping> here_;
  std::vector<int> fds_;
  InheritedMemory inherited_;
  SyscallPlan plan_;
};

TEST_F(AddressSpacePlan, UnmapsMapsFillsAndProtectsInThisOrder) {
  ASSERT_THAT(Plan(), IsOk());
  const auto labels = Labels();
  const auto at = [&labels](std::string_view text) {
    for (size_t i = 0; i < labels.size(); ++i) {
      if (labels[i].find(text) != std::string::npos) return i;
    }
    return labels.size();
  };
  EXPECT_LT(at("parking [vdso]"), at("unmapping"));
  EXPECT_LT(at("unmapping above"), at("mapping 0x10000"));
  EXPECT_LT(at("mapping 0x30000"), at("reading pages of 0x11000"));
  EXPECT_LT(at("reading pages"), at("protecting 0x10000"));
  EXPECT_LT(at("protecting"), at("closing"));
  EXPECT_EQ(at("closing"), labels.size() - 1);
  // Writable to begin with and without pages: nothing to settle.
  EXPECT_THAT(labels, Not(Contains(HasSubstr("protecting 0x30000"))));
}

TEST_F(AddressSpacePlan, PagesThatAreTogetherInTheFileAreReadTogether) {
  extents_.push_back({.address = 0x14000, .pages = 1, .file_offset = 0x2000, .flags = 0});
  ASSERT_THAT(Plan(), IsOk());
  EXPECT_EQ(Count("reading pages"), 1u);
  extents_.push_back({.address = 0x16000, .pages = 1, .file_offset = 0x9000, .flags = 0});
  ASSERT_THAT(Plan(), IsOk());
  EXPECT_EQ(Count("reading pages"), 2u);
}

TEST_F(AddressSpacePlan, LargeMemoryIsReadInPartsThatAreOneAfterTheOther) {
  extents_[0].pages = 5000;
  extents_.push_back({.address = 0x4000000, .pages = 1, .file_offset = 5000 << 12, .flags = 0});
  std::vector<FillMark> marks;
  ASSERT_THAT(Plan(&marks), IsOk());
  ASSERT_EQ(marks.size(), 3u);
  EXPECT_EQ(marks.back().bytes, 5001u << 12);
  for (size_t op = marks.front().op; op <= marks.back().op; ++op)
    EXPECT_THAT(plan_.label(op), StartsWith("reading "));
}

TEST_F(AddressSpacePlan, KeysAreAllocatedUpToTheHighest) {
  process_.mappings[1].protection_key = 2;
  ASSERT_THAT(Plan(), IsOk());
  EXPECT_THAT(Labels(), Contains(HasSubstr("protection key 2")));
  EXPECT_THAT(Labels(), Contains("protecting 0x30000"));
}

TEST_F(AddressSpacePlan, FlagsBecomeCalls) {
  process_.mappings[1].vm_flags = {"dd", "hg", "lo", "sl"};
  process_.mappings[1].policy = "bind:0";
  process_.guards.push_back({.start = 0x31000, .end = 0x32000});
  ASSERT_THAT(Plan(), IsOk());
  for (const char* wanted : {"advising 0x30000: dd", "advising 0x30000: hg", "locking 0x30000",
                             "placing 0x30000", "guarding 0x31000", "sealing 0x30000"})
    EXPECT_THAT(Labels(), Contains(StartsWith(wanted)));
}

TEST_F(AddressSpacePlan, TheVdsoMovesToItsOldAddress) {
  Add(0x7ffe00000000, 0x7ffe00002000, PROT_READ | PROT_EXEC).path = "[vdso]";
  ASSERT_THAT(Plan(), IsOk());
  EXPECT_THAT(Labels(), Contains("moving [vdso]"));
  EXPECT_THAT(Labels(), Not(Contains(HasSubstr("mapping 0x7ffe"))));
}

TEST_F(AddressSpacePlan, AnotherKernelsMappingsAreRefused) {
  MappingDocument& vdso = Add(0x7ffe00000000, 0x7ffe00003000, PROT_READ | PROT_EXEC);
  vdso.path = "[vdso]";
  EXPECT_THAT(Plan(), FailsWith(ErrorCode::kUnsupported, "no [vdso] of 12288 bytes"));
  vdso.end -= 0x1000;
  vdso.path = "[vvar_vclock]";
  EXPECT_THAT(Plan(), FailsWith(ErrorCode::kUnsupported, "[vvar_vclock]"));
}

TEST_F(AddressSpacePlan, APolicyThatIsNoneIsABadImage) {
  process_.mappings[0].policy = "everywhere";
  EXPECT_THAT(Plan(), FailsWith(ErrorCode::kBadImage, "everywhere"));
}

}  // namespace
}  // namespace tardigrade
