// BPF programs held by descriptors: one that counts bytes in a map, and one that reads packets and
// is open twice.
#include <sys/socket.h>

#include "tests/e2e/programs/e2e.h"

struct insn {
  uint8_t code, registers;
  int16_t offset;
  int32_t immediate;
};
#define INSN(code, to, from, offset, immediate) \
  { code, (to) | (from) << 4, offset, immediate }

// linux/bpf.h, which musl lacks.
enum { BPF_MAP_CREATE = 0, BPF_MAP_LOOKUP_ELEM = 1, BPF_PROG_LOAD = 5 };
enum { BPF_PROG_TEST_RUN = 10, BPF_PROG_GET_FD_BY_ID = 13, BPF_OBJ_GET_INFO_BY_FD = 15 };

struct info {
  uint32_t type, id;
  unsigned char tag[8];
  uint32_t sizes[2];
  uint64_t code[2], load_time;
  uint32_t uid, maps;
  uint64_t map_ids;
  char name[16];
  uint32_t rest[40];
};

static long bpf(int command, void* attributes, size_t bytes) {
  char all[144] = {0};
  memcpy(all, attributes, bytes);
  long result = syscall(SYS_bpf, command, all, sizeof all);
  memcpy(attributes, all, bytes);
  return result;
}

static int load(const struct insn* code, unsigned count, const char* name) {
  struct {
    uint32_t type, count;
    uint64_t code, license;
    uint32_t log[6];
    char name[16];
  } program = {
      1 /* BPF_PROG_TYPE_SOCKET_FILTER */, count, (uintptr_t)code, (uintptr_t) "GPL", {0}, ""};
  strcpy(program.name, name);
  int fd = bpf(BPF_PROG_LOAD, &program, sizeof program);
  if (fd < 0) e2e_skip("only root loads BPF programs");
  return fd;
}

static unsigned run(int program, unsigned bytes) {
  unsigned char packet[256] = {0};
  packet[12] = 0x12;
  packet[13] = 0x34;
  struct {
    uint32_t fd, result, in, out;
    uint64_t data_in, data_out;
    uint32_t repeat, duration;
  } test = {program, 0, bytes, 0, (uintptr_t)packet, 0, 0, 0};
  EXPECT_EQ(bpf(BPF_PROG_TEST_RUN, &test, sizeof test), 0);
  return test.result;
}

static uint64_t counted(int map) {
  uint32_t key = 1;
  uint64_t value = 0;
  struct {
    uint32_t fd, pad;
    uint64_t key, value, flags;
  } entry = {map, 0, (uintptr_t)&key, (uintptr_t)&value, 0};
  EXPECT_EQ(bpf(BPF_MAP_LOOKUP_ELEM, &entry, sizeof entry), 0);
  return value;
}

static struct info about(int program) {
  struct info info = {0};
  struct {
    uint32_t fd, bytes;
    uint64_t info;
  } ask = {program, sizeof info, (uintptr_t)&info};
  EXPECT_EQ(bpf(BPF_OBJ_GET_INFO_BY_FD, &ask, sizeof ask), 0);
  return info;
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  uint32_t array[5] = {2 /* BPF_MAP_TYPE_ARRAY */, 4, 8, 4, 0};
  int map = bpf(BPF_MAP_CREATE, array, sizeof array);
  if (map < 0) e2e_skip("only root makes BPF maps");
  const struct insn counting[] = {INSN(0xbf, 6, 1, 0, 0),    // r6 = r1, the context
                                  INSN(0x62, 10, 0, -4, 1),  // a key: 1
                                  INSN(0x18, 1, 1, 0, map),  // r1 = the map
                                  INSN(0, 0, 0, 0, 0),      INSN(0xbf, 2, 10, 0, 0),
                                  INSN(0x07, 2, 0, 0, -4),  INSN(0x85, 0, 0, 0, 1),  // look it up
                                  INSN(0x15, 0, 0, 3, 0),  // if there is one
                                  INSN(0x61, 2, 6, 0, 0),  // add __sk_buff.len
                                  INSN(0xdb, 0, 2, 0, 0),   INSN(0x61, 0, 6, 0, 0),
                                  INSN(0x95, 0, 0, 0, 0)};
  const struct insn reading[] = {INSN(0xbf, 6, 1, 0, 0),
                                 INSN(0x28, 0, 0, 0, 12),  // r0 = two bytes of the packet
                                 INSN(0x61, 7, 6, 0, 0),   // r7 = __sk_buff.len
                                 INSN(0x3f, 0, 7, 0, 0),   // r0 /= r7
                                 INSN(0x95, 0, 0, 0, 0)};
  int counter = load(counting, sizeof counting / sizeof *counting, "counts");
  int reader = load(reading, sizeof reading / sizeof *reading, "reads");
  struct info before = about(reader);
  struct {
    uint32_t id, rest[2];
  } get = {before.id, {0}};
  int again = bpf(BPF_PROG_GET_FD_BY_ID, &get, sizeof get);
  EXPECT(again >= 0);
  run(counter, 100);
  uint64_t count = counted(map);
  EXPECT(count != 0);
  unsigned first = run(reader, 100);
  e2e_ready_and_wait();

  EXPECT_EQ(counted(map), count);
  run(counter, 100);
  EXPECT_EQ(counted(map), 2 * count);
  EXPECT_EQ(run(reader, 100), first);
  EXPECT_EQ(run(again, 100), first);
  struct info after = about(reader);
  EXPECT_EQ(after.type, before.type);
  EXPECT(memcmp(after.tag, before.tag, sizeof after.tag) == 0);
  EXPECT(strcmp(after.name, "reads") == 0);
  EXPECT_EQ(about(again).id, after.id);
  int pair[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
  EXPECT_EQ(setsockopt(pair[1], SOL_SOCKET, 50 /* SO_ATTACH_BPF */, &reader, sizeof reader), 0);
  return e2e_ok();
}
