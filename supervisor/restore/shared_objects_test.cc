#include "supervisor/restore/shared_objects.h"

#include <gtest/gtest.h>

#include "tests/testing/matchers.h"

namespace tardigrade {
namespace {

using ::tardigrade::testing::FailsWith;

MappingDocument Piece(uint64_t start, uint64_t bytes, uint64_t offset, std::string object = "inode:1:2") {
  MappingDocument mapping;
  mapping.start = start;
  mapping.end = start + bytes;
  mapping.offset = offset;
  mapping.shared = true;
  mapping.object = std::move(object);
  return mapping;
}

TEST(SharedObjects, WhatIsMappedOnceFromItsBeginningIsLeftAlone) {
  ProcessDocument process;
  process.mappings = {Piece(0x10000, 0x2000, 0), Piece(0x20000, 0x2000, 0, "inode:1:3")};
  const SharedObjects objects = SharedObjects::Find(process, {}, {}).value();
  SyscallPlan plan;
  objects.PlanMaking(plan);
  EXPECT_FALSE(objects.PlanPiece(0, plan) || objects.PlanPiece(1, plan));
  objects.PlanRemoval(plan);
  EXPECT_TRUE(plan.empty());
}

TEST(SharedObjects, PiecesAreMappedFromTheWhole) {
  ProcessDocument process;
  process.mappings = {Piece(0x10000, 0x2000, 0), Piece(0x20000, 0x2000, 0x5000), Piece(0x30000, 0x1000, 0x1000, "")};
  const SharedObjects objects = SharedObjects::Find(process, {}, {}).value();
  SyscallPlan plan;
  objects.PlanMaking(plan);
  EXPECT_EQ(plan.label(0), "making 28672 bytes of shared memory");
  EXPECT_TRUE(objects.PlanPiece(0, plan) && objects.PlanPiece(1, plan));
  EXPECT_FALSE(objects.PlanPiece(2, plan));
  objects.PlanRemoval(plan);
  EXPECT_EQ(plan.size(), 4u);
}

TEST(SharedObjects, HostileImagesAreRefused) {
  ProcessDocument process;
  const auto refused = [&](const char* why) {
    EXPECT_THAT(SharedObjects::Find(process, {}, {}), FailsWith(ErrorCode::kBadImage, why));
  };
  process.mappings = {Piece(0x10000, 0x2000, 0x10)};
  refused("cannot be a part");
  process.mappings = {Piece(0x10000, 0x2000, 0xffff'ffff'ffff'f000)};
  refused("cannot be a part");
  process.mappings = {Piece(0x10000, 0x2000, 0)};
  process.mappings[0].shared = false;
  refused("cannot be a part");
  process.mappings = {Piece(0x200000, 0x400000, 0), Piece(0x800000, 0x200000, 0x200000)};
  for (MappingDocument& mapping : process.mappings) mapping.vm_flags = {"ht"};
  refused("mapped twice");
}

}  // namespace
}  // namespace tardigrade
