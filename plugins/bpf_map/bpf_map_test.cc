#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/mman.h>

#include <cstring>
#include <set>

#include "plugins/bpf_map/bpf_map_kind.h"
#include "plugins/bpf_map/bpf_map_object.h"
#include "plugins/bpf_map/bpf_map_state.h"
#include "plugins/bpf_map/map_calls.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::bpf_map {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

class BpfMapTest : public ::testing::Test {
 protected:
  // With `count` entries; false where the caller may not make maps.
  bool Make(MapState state, uint32_t count) {
    state_ = std::move(state);
    if (IsPerCpu(state_.type)) state_.cpus = PossibleCpus().value();
    Result<ScopedFd> made = MakeMap(state_);
    if (!made.has_value()) return false;
    fd_ = std::move(made).value();
    const size_t step = state_.key_bytes + state_.slot_bytes();
    std::vector<std::byte> entries(step * count);
    for (size_t i = 0; i < entries.size(); ++i) entries[i] = static_cast<std::byte>(i * 37);
    for (uint32_t i = 0; i < count; ++i) std::memcpy(&entries[i * step], &i, sizeof(i));
    EXPECT_THAT(WriteEntries(fd_.get(), state_, entries), IsOk());
    return true;
  }
  void ExpectBack() {
    const FdFacts file = FactsOf(fd_.get());
    ASSERT_TRUE(kind_.Claims(file));
    ASSERT_THAT(kind_.Check(file, std::span(&file, 1)), IsOk());
    const Result<Value> state = kind_.Collect(file, std::span(&file, 1), contexts_);
    ASSERT_THAT(state, IsOk());
    const Result<ScopedFd> again = kind_.Create(state.value(), contexts_.create());
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(Entries(again.value().get()), Entries(fd_.get()));
    const bpf_map_info before = ReadInfo(fd_.get()).value(),
                       after = ReadInfo(again.value().get()).value();
    EXPECT_NE(before.id, after.id);
    EXPECT_STREQ(before.name, after.name);
    EXPECT_EQ(before.map_flags, after.map_flags);
    EXPECT_EQ(before.max_entries, after.max_entries);
    EXPECT_EQ(file.info.Find("frozen").value(),
              FactsOf(again.value().get()).info.Find("frozen").value());
  }

  // A hash has an order of its own.
  std::multiset<std::vector<std::byte>> Entries(int fd) {
    const std::vector<std::byte> all = ReadEntries(fd, state_).value();
    const size_t step = state_.key_bytes + state_.slot_bytes();
    std::multiset<std::vector<std::byte>> entries;
    for (size_t at = 0; at < all.size(); at += step)
      entries.emplace(all.begin() + static_cast<ptrdiff_t>(at),
                      all.begin() + static_cast<ptrdiff_t>(at + step));
    return entries;
  }

  BpfMapKind kind_;
  BpfMapObject object_;
  FakeContexts contexts_{{&object_}};
  MapState state_;
  ScopedFd fd_;
};

MapState Map(uint32_t type, uint32_t flags = 0) {
  return {.type = type,
          .key_bytes = type == BPF_MAP_TYPE_LPM_TRIE ? 8u : 4u,
          .value_bytes = 20,
          .most_entries = 8,
          .flags = flags,
          .name = "tested",
          .frozen = false,
          .cpus = 0,
          .entries = {}};
}

TEST_F(BpfMapTest, MapsComeBackWithWhatIsInThem) {
  for (const uint32_t type : {BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PERCPU_HASH,
                              BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_LRU_HASH}) {
    if (!Make(Map(type), 5)) GTEST_SKIP() << "takes CAP_BPF";
    ExpectBack();
  }
  ASSERT_TRUE(Make(Map(BPF_MAP_TYPE_LPM_TRIE, BPF_F_NO_PREALLOC), 5));
  ExpectBack();
}

TEST_F(BpfMapTest, AFrozenMapIsFrozenAgain) {
  if (!Make(Map(BPF_MAP_TYPE_ARRAY, BPF_F_RDONLY_PROG), 8)) GTEST_SKIP() << "takes CAP_BPF";
  ASSERT_THAT(Freeze(fd_.get()), IsOk());
  ExpectBack();
}

TEST_F(BpfMapTest, WhatOthersUseIsRefused) {
  if (!Make(Map(BPF_MAP_TYPE_ARRAY, BPF_F_MMAPABLE), 8)) GTEST_SKIP() << "takes CAP_BPF";
  ExpectBack();
  const ScopedFd other = OpenMap(ReadInfo(fd_.get()).value().id, BPF_F_RDONLY).value();
  const std::vector<FdFacts> both = {FactsOf(fd_.get()), FactsOf(other.get())};
  EXPECT_THAT(kind_.Check(both[0], both), IsOk());
  EXPECT_THAT(kind_.Check(both[0], std::span(both).first(1)),
              FailsWith(ErrorCode::kUnsupported, "something that is not saved"));
}

TEST_F(BpfMapTest, OtherTypesAreRefused) {
  MapState queue = Map(BPF_MAP_TYPE_RINGBUF);
  queue.key_bytes = queue.value_bytes = 0;
  queue.most_entries = 4096;
  const Result<ScopedFd> ring = MakeMap(queue);
  if (!ring.has_value()) GTEST_SKIP() << "takes CAP_BPF";
  const FdFacts file = FactsOf(ring.value().get());
  EXPECT_THAT(kind_.Check(file, std::span(&file, 1)),
              FailsWith(ErrorCode::kUnsupported, "it is of type 27"));
}

TEST_F(BpfMapTest, MalformedImagesAreRejected) {
  EXPECT_THAT(kind_.Create(Encode(BpfMapState()), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "bpf_map.object"));
  EXPECT_THAT(object_.Create(Encode(Map(BPF_MAP_TYPE_RINGBUF)), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "bpf_map.type"));
  EXPECT_THAT(object_.Create(Encode(Map(BPF_MAP_TYPE_PERCPU_HASH)), contexts_.create()),
              FailsWith(ErrorCode::kBadImage, "cpus"));
  EXPECT_THAT(WriteEntries(-1, Map(BPF_MAP_TYPE_HASH), std::vector<std::byte>(25)),
              FailsWith(ErrorCode::kBadImage, "no whole entries"));
}

}  // namespace
}  // namespace tardigrade::bpf_map
