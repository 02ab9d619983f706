#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plugins/bpf_prog/bpf_prog_kind.h"
#include "plugins/bpf_prog/bpf_prog_object.h"
#include "plugins/bpf_prog/bpf_prog_state.h"
#include "plugins/bpf_prog/context_flow.h"
#include "plugins/bpf_prog/instruction.h"
#include "plugins/bpf_prog/program_calls.h"
#include "plugins/bpf_prog/reconstruct.h"
#include "tests/testing/fake_contexts.h"
#include "tests/testing/matchers.h"

namespace tardigrade::bpf_prog {
namespace {

using ::tardigrade::testing::FactsOf;
using ::tardigrade::testing::FailsWith;
using ::tardigrade::testing::FakeContexts;
using ::tardigrade::testing::IsOk;

constexpr bpf_insn Exit() { return Insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }
constexpr bpf_insn Call(int helper) { return Insn(BPF_JMP | BPF_CALL, 0, 0, 0, helper); }
constexpr bpf_insn Load(int size, int to, int from, int offset) {
  return Insn(BPF_LDX | BPF_MEM | size, to, from, offset, 0);
}
constexpr bpf_insn Store(int size, int to, int offset, int from) {
  return Insn(BPF_STX | BPF_MEM | size, to, from, offset, 0);
}

ScopedFd MakeMap(bpf_map_type type) {
  bpf_attr attributes = {};
  attributes.map_type = type;
  attributes.key_size = 4;
  attributes.value_size = 8;
  attributes.max_entries = 4;
  return ScopedFd(
      static_cast<int>(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes))));
}

// Looks up an entry, and counts in it.
std::vector<bpf_insn> Counting(int map) {
  return {Move(6, 1),
          Insn(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 1),
          Insn(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map),
          Insn(0, 0, 0, 0, 0),
          Move(2, 10),
          Add(2, -4),
          Call(BPF_FUNC_map_lookup_elem),
          Insn(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 4, 0),
          Load(BPF_DW, 1, 0, 0),
          Load(BPF_W, 2, 6, offsetof(__sk_buff, len)),
          Insn(BPF_ALU64 | BPF_ADD | BPF_X, 1, 2, 0, 0),
          Store(BPF_DW, 0, 0, 1),
          Set(0, 0),
          Exit()};
}

class BpfProgTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!MakeMap(BPF_MAP_TYPE_HASH).valid()) GTEST_SKIP() << "takes CAP_BPF";
  }
  // What is told of it by the kernel leads to what was loaded.
  static void ExpectTold(const std::vector<bpf_insn>& code,
                         uint32_t type = BPF_PROG_TYPE_SOCKET_FILTER) {
    const Result<ScopedFd> loaded =
        LoadProgram({.type = type, .name = "tested", .gpl = true, .instructions = code});
    ASSERT_THAT(loaded, IsOk());
    const Result<std::vector<bpf_insn>> told =
        Reconstruct(ReadProgram(loaded.value().get()).value(), [](uint32_t) { return -1; });
    ASSERT_THAT(told, IsOk());
    EXPECT_TRUE(
        std::equal(code.begin(), code.end(), told.value().begin(), told.value().end(), AreSame));
  }

  BpfProgKind kind_;
  BpfProgObject object_;
  FakeContexts contexts_{{&object_}};
};

TEST_F(BpfProgTest, ReadsOfTheContextAreToldFromOthers) {
  std::vector<bpf_insn> code = {Move(6, 1), Store(BPF_DW, 10, -8, 1), Load(BPF_DW, 3, 10, -8)};
  for (const int offset : {offsetof(__sk_buff, len), offsetof(__sk_buff, pkt_type),
                           offsetof(__sk_buff, mark), offsetof(__sk_buff, vlan_present),
                           offsetof(__sk_buff, ifindex), offsetof(__sk_buff, hash)}) {
    code.push_back(Load(BPF_W, 2, 6, offset));
    code.push_back(Load(BPF_W, 7, 3, offset));
  }
  code.push_back(Load(BPF_H, 2, 6, offsetof(__sk_buff, len) + 2));
  code.push_back(Load(BPF_B, 1, 6, offsetof(__sk_buff, protocol)));
  code.push_back(Load(BPF_W, 6, 6, offsetof(__sk_buff, cb)));
  code.push_back(Move(0, 6));
  code.push_back(Exit());
  ExpectTold(code);
}

// Wherever the kernel keeps what the context shows: the stack is read at all these offsets.
TEST_F(BpfProgTest, ReadsOfOtherMemoryStayAsTheyAre) {
  std::vector<bpf_insn> code = {Move(6, 1), Move(2, 10), Add(2, -256)};
  for (int at = 8; at <= 256; at += 8)
    code.push_back(Insn(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -at, 0));
  for (int offset = 0; offset < 256; offset += 4) code.push_back(Load(BPF_W, 3, 2, offset));
  code.push_back(Load(BPF_W, 0, 6, offsetof(__sk_buff, len)));
  code.push_back(Exit());
  ExpectTold(code);
}

TEST_F(BpfProgTest, WritesAndPacketsAndDivisionsAndJumpsAreTold) {
  ExpectTold(
      {Move(6, 1), Set(7, 5), Store(BPF_W, 6, offsetof(__sk_buff, cb), 7),
       Insn(BPF_LD | BPF_ABS | BPF_H, 0, 0, 0, 12), Insn(BPF_JMP | BPF_JNE | BPF_K, 0, 0, 7, 0x800),
       Insn(BPF_LD | BPF_IND | BPF_B, 0, 7, 0, 3), Insn(BPF_LD | BPF_IND | BPF_W, 0, 7, 0, 0),
       Move(8, 0), Load(BPF_W, 9, 6, offsetof(__sk_buff, len)),
       Insn(BPF_ALU64 | BPF_DIV | BPF_X, 8, 9, 0, 0), Insn(BPF_ALU | BPF_MOD | BPF_X, 8, 7, 0, 0),
       Insn(BPF_JMP | BPF_JA, 0, 0, 1, 0), Set(8, 0), Move(0, 8), Exit()});
}

TEST_F(BpfProgTest, HelpersAreTold) {
  ExpectTold({Move(6, 1), Call(BPF_FUNC_get_prandom_u32), Move(7, 0), Call(BPF_FUNC_ktime_get_ns),
              Move(8, 0), Call(BPF_FUNC_get_smp_processor_id), Move(9, 0),
              Insn(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 0), Move(1, 6), Set(2, 0), Move(3, 10),
              Add(3, -8), Set(4, 8), Call(BPF_FUNC_skb_load_bytes), Move(1, 6),
              Call(BPF_FUNC_get_socket_cookie), Set(0, 0), Exit()});
}

TEST_F(BpfProgTest, OtherTypesAreTold) {
  ExpectTold({Load(BPF_DW, 2, 1, 8), Set(0, 0), Exit()}, BPF_PROG_TYPE_RAW_TRACEPOINT);
  ExpectTold({Load(BPF_W, 2, 1, offsetof(__sk_buff, len)), Set(3, 7),
              Store(BPF_W, 1, offsetof(__sk_buff, mark), 3),
              Store(BPF_W, 1, offsetof(__sk_buff, priority), 2), Set(0, 0), Exit()},
             BPF_PROG_TYPE_SCHED_CLS);
}

TEST_F(BpfProgTest, ProgramsComeBackWithTheirMaps) {
  for (const bpf_map_type type : {BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY}) {
    const ScopedFd map = MakeMap(type);
    const Result<ScopedFd> program = LoadProgram({.type = BPF_PROG_TYPE_SOCKET_FILTER,
                                                  .name = "counts",
                                                  .gpl = true,
                                                  .instructions = Counting(map.get())});
    ASSERT_THAT(program, IsOk());
    const std::vector<FdFacts> all = {FactsOf(program.value().get()), FactsOf(map.get())};
    ASSERT_TRUE(kind_.Claims(all[0]));
    ASSERT_THAT(kind_.Check(all[0], all), IsOk());
    const Result<Value> state = kind_.Collect(all[0], all, contexts_);
    ASSERT_THAT(state, IsOk());
    const Value* const object = contexts_.create().ObjectState(
        StrCat("bpf_prog:", ReadProgram(program.value().get()).value().info.id));
    ASSERT_NE(object, nullptr);
    const ProgramState saved = Decode<ProgramState>(*object, "bpf_prog").value();
    EXPECT_EQ(saved.name, "counts");
    ASSERT_EQ(saved.maps.size(), 1u);
    EXPECT_EQ(saved.maps.begin()->second, StrCat("bpf_map:", ReadMap(map.get()).value().id));
  }
}

TEST_F(BpfProgTest, OneWithoutMapsIsLoadedAgain) {
  const ScopedFd program = std::move(LoadProgram({.type = BPF_PROG_TYPE_SOCKET_FILTER,
                                                  .name = "alone",
                                                  .gpl = false,
                                                  .instructions = {Load(BPF_W, 0, 1, 0), Exit()}}))
                               .value();
  const FdFacts file = FactsOf(program.get());
  const Result<Value> state = kind_.Collect(file, std::span(&file, 1), contexts_);
  ASSERT_THAT(state, IsOk());
  const Result<ScopedFd> again = kind_.Create(state.value(), contexts_.create());
  ASSERT_THAT(again, IsOk());
  const Program before = ReadProgram(program.get()).value(),
                after = ReadProgram(again.value().get()).value();
  EXPECT_NE(before.info.id, after.info.id);
  EXPECT_STREQ(after.info.name, "alone");
  EXPECT_EQ(after.info.gpl_compatible, 0u);
  EXPECT_TRUE(std::equal(std::begin(before.info.tag), std::end(before.info.tag),
                         std::begin(after.info.tag)));
}

TEST_F(BpfProgTest, WhatOthersUseIsRefused) {
  const ScopedFd map = MakeMap(BPF_MAP_TYPE_HASH);
  const ScopedFd program = std::move(LoadProgram({.type = BPF_PROG_TYPE_SOCKET_FILTER,
                                                  .name = "",
                                                  .gpl = true,
                                                  .instructions = Counting(map.get())}))
                               .value();
  const std::vector<FdFacts> all = {FactsOf(program.get()), FactsOf(map.get())};
  EXPECT_THAT(kind_.Check(all[0], std::span(all).first(1)),
              FailsWith(ErrorCode::kUnsupported, "of which the job has no descriptor"));
  const ScopedFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int fd = program.get();
  ASSERT_EQ(setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd)), 0);
  EXPECT_THAT(kind_.Check(all[0], all),
              FailsWith(ErrorCode::kUnsupported, "something that is not saved"));
}

TEST_F(BpfProgTest, OtherTypesAreRefused) {
  const Result<ScopedFd> program = LoadProgram({.type = BPF_PROG_TYPE_CGROUP_SOCK,
                                                .name = "",
                                                .gpl = true,
                                                .instructions = {Set(0, 1), Exit()}});
  ASSERT_THAT(program, IsOk());
  const FdFacts file = FactsOf(program.value().get());
  EXPECT_THAT(kind_.Check(file, std::span(&file, 1)),
              FailsWith(ErrorCode::kUnsupported, "it is of type 9"));
}

// Nothing is left of instructions that are never reached.
TEST_F(BpfProgTest, WhatIsNotShownIsRefused) {
  const Result<ScopedFd> program =
      LoadProgram({.type = BPF_PROG_TYPE_SOCKET_FILTER,
                   .name = "",
                   .gpl = true,
                   .instructions = {Set(0, 1), Insn(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1, 1),
                                    Set(0, 2), Exit()}});
  ASSERT_THAT(program, IsOk());
  const FdFacts file = FactsOf(program.value().get());
  EXPECT_THAT(kind_.Check(file, std::span(&file, 1)),
              FailsWith(ErrorCode::kUnsupported, "cannot be told"));
}

TEST(ContextFlowTest, ARegisterIsTheContextOnlyIfItIsOnEveryWay) {
  const std::vector<bpf_insn> code = {
      Move(6, 1), Set(2, 0), Insn(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1, 0),
      Move(2, 1), Set(1, 0), Exit()};
  const std::vector<uint32_t> registers = ContextRegisters(code);
  EXPECT_EQ(registers[0], 1u << 1);
  EXPECT_EQ(registers[3], 1u << 1 | 1u << 6);
  EXPECT_EQ(registers[4], 1u << 1 | 1u << 6);
  EXPECT_EQ(registers[5], 1u << 6);
}

TEST(BpfProgImageTest, MalformedImagesAreRejected) {
  const BpfProgObject object;
  FakeContexts contexts;
  EXPECT_THAT(BpfProgKind().Create(Encode(BpfProgState()), contexts.create()),
              FailsWith(ErrorCode::kBadImage, "bpf_prog.object"));
  ProgramState state{.type = BPF_PROG_TYPE_SOCKET_FILTER,
                     .name = "",
                     .gpl = false,
                     .tag = {},
                     .instructions = {},
                     .maps = {}};
  EXPECT_THAT(object.Create(Encode(state), contexts.create()),
              FailsWith(ErrorCode::kBadImage, "instructions"));
  const std::vector<bpf_insn> code = Counting(1);
  state.instructions = contexts.attachments().Put(std::as_bytes(std::span(code))).value();
  EXPECT_THAT(object.Create(Encode(state), contexts.create()),
              FailsWith(ErrorCode::kBadImage, "maps"));
  state.type = BPF_PROG_TYPE_KPROBE;
  EXPECT_THAT(object.Create(Encode(state), contexts.create()),
              FailsWith(ErrorCode::kBadImage, "type"));
}

}  // namespace
}  // namespace tardigrade::bpf_prog
