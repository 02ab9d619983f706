#include "supervisor/checkpoint/shared_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;

MemoryMapping Shared(uint64_t start, uint64_t bytes, uint64_t offset, uint64_t inode = 7,
                     int prot = PROT_READ) {
  MemoryMapping mapping;
  mapping.start = start;
  mapping.end = start + bytes;
  mapping.offset = offset;
  mapping.inode = inode;
  mapping.prot = prot;
  mapping.shared = true;
  mapping.path = "/dev/zero";
  return mapping;
}

using Range = std::pair<uint64_t, uint64_t>;
std::vector<Range> Chosen(const std::vector<MemoryMapping>& mappings) {
  std::vector<const MemoryMapping*> pointers;
  for (const MemoryMapping& mapping : mappings) pointers.push_back(&mapping);
  std::vector<Range> ranges;
  SavedObjects saved;
  const std::vector<SharedPiece> pieces = ChooseSharedPieces(pointers, saved).value();
  for (const SharedPiece& piece : pieces)
    ranges.emplace_back(piece.address, piece.bytes);
  return ranges;
}

TEST(ChooseSharedPieces, ReadsWhatIsMappedTwiceOnce) {
  const Range whole{0x10000, 0x5000};
  EXPECT_EQ(Chosen({Shared(0x10000, 0x5000, 0)}), std::vector{whole});
  EXPECT_EQ(Chosen({Shared(0x10000, 0x5000, 0), Shared(0x90000, 0x5000, 0)}), std::vector{whole});
  EXPECT_EQ(Chosen({Shared(0x10000, 0x5000, 0), Shared(0x90000, 0x5000, 0, 8)}),
            (std::vector{whole, Range{0x90000, 0x5000}}));
}

TEST(ChooseSharedPieces, JoinsThePartsOfAnObject) {
  // Two ends of an object, and a second mapping that also has the middle.
  EXPECT_EQ(Chosen({Shared(0x10000, 0x2000, 0), Shared(0x14000, 0x1000, 0x4000),
                    Shared(0x90000, 0x4000, 0x1000)}),
            (std::vector{Range{0x10000, 0x2000}, Range{0x91000, 0x3000}}));
}

TEST(ChooseSharedPieces, PrefersMappingsThatMayBeRead) {
  EXPECT_EQ(Chosen({Shared(0x10000, 0x5000, 0, 7, PROT_NONE), Shared(0x90000, 0x2000, 0x1000)}),
            (std::vector{Range{0x90000, 0x2000}, Range{0x10000, 0x1000}, Range{0x13000, 0x2000}}));
}

TEST(ChooseSharedPieces, RefusesHugePagesThatAreMappedTwice) {
  MemoryMapping low = Shared(0x200000, 0x200000, 0), high = Shared(0x800000, 0x200000, 0x200000);
  low.path = high.path = "/anon_hugepage";
  const MemoryMapping* mappings[] = {&low, &high};
  SavedObjects saved;
  EXPECT_EQ(ChooseSharedPieces(mappings, saved).value().size(), 2u);
  high.offset = 0;
  saved.clear();
  EXPECT_THAT(ChooseSharedPieces(mappings, saved), FailsWith(ErrorCode::kUnsupported, "mapped twice"));
}

TEST(ChooseSharedPieces, LeavesOutWhatAnotherProcessHasSaved) {
  const MemoryMapping parents = Shared(0x10000, 0x2000, 0x1000), childs = Shared(0x50000, 0x5000, 0);
  const MemoryMapping* of_parent[] = {&parents};
  const MemoryMapping* of_child[] = {&childs};
  SavedObjects saved;
  ASSERT_EQ(ChooseSharedPieces(of_parent, saved).value().size(), 1u);
  const std::vector<SharedPiece> pieces = ChooseSharedPieces(of_child, saved).value();
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(Range(pieces[0].address, pieces[0].bytes), Range(0x50000, 0x1000));
  EXPECT_EQ(Range(pieces[1].address, pieces[1].bytes), Range(0x53000, 0x2000));
}

}  // namespace
}  // namespace tardigrade
