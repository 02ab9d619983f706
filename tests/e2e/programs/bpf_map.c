// BPF maps with what is in them: a hash, and an array that is frozen and open twice.
#include "tests/e2e/programs/e2e.h"

enum { kEntries = 100 };

// linux/bpf.h, which musl lacks.
enum { BPF_MAP_CREATE, BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM };
enum { BPF_MAP_GET_FD_BY_ID = 14, BPF_OBJ_GET_INFO_BY_FD = 15, BPF_MAP_FREEZE = 22 };
enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_ARRAY = 2 };
enum { BPF_F_RDONLY = 1 << 3 };

union bpf_attr {
  struct {
    uint32_t map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node;
    char map_name[16];
  };
  struct {
    uint32_t map_fd;
    uint64_t key, value;
  };
  struct {
    uint32_t map_id, next_id, open_flags;
  };
  struct {
    uint32_t bpf_fd, info_len;
    uint64_t info;
  } info;
  char rest[144];
};

struct bpf_map_info {
  uint32_t type, id, sizes[4];
  char name[16];
  uint32_t rest[16];
};

static int bpf(int command, union bpf_attr* attributes) {
  return syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static int make(unsigned type, const char* name) {
  union bpf_attr map = {.map_type = type, .key_size = 4, .value_size = 24, .max_entries = kEntries};
  strcpy(map.map_name, name);
  int fd = bpf(BPF_MAP_CREATE, &map);
  if (fd < 0) e2e_skip("no BPF maps for this user");
  return fd;
}

static int update(int fd, uint32_t key, const uint64_t* value) {
  union bpf_attr entry = {.map_fd = fd, .key = (uintptr_t)&key, .value = (uintptr_t)value};
  return bpf(BPF_MAP_UPDATE_ELEM, &entry);
}

static int look(int fd, uint32_t key, uint64_t* value) {
  union bpf_attr entry = {.map_fd = fd, .key = (uintptr_t)&key, .value = (uintptr_t)value};
  return bpf(BPF_MAP_LOOKUP_ELEM, &entry);
}

static void fill(int fd, int count) {
  for (int i = 0; i < count; ++i) {
    uint64_t value[3] = {i, i * i, ~i};
    EXPECT_EQ(update(fd, i, value), 0);
  }
}

static void check(int fd, int count) {
  for (int i = 0; i < count; ++i) {
    uint64_t value[3];
    EXPECT_EQ(look(fd, i, value), 0);
    EXPECT_EQ(value[0], i);
    EXPECT_EQ(value[1], (uint64_t)(i * i));
    EXPECT_EQ(value[2], (uint64_t)~i);
  }
}

int main(int argc, char** argv) {
  e2e_start(argc, argv);
  int hash = make(BPF_MAP_TYPE_HASH, "a_hash"), array = make(BPF_MAP_TYPE_ARRAY, "an_array");
  fill(hash, kEntries / 2);
  fill(array, kEntries);
  union bpf_attr freeze = {.map_fd = array};
  EXPECT_EQ(bpf(BPF_MAP_FREEZE, &freeze), 0);
  struct bpf_map_info info = {0};
  union bpf_attr ask = {
      .info = {.bpf_fd = array, .info_len = sizeof info, .info = (uintptr_t)&info}};
  EXPECT_EQ(bpf(BPF_OBJ_GET_INFO_BY_FD, &ask), 0);
  union bpf_attr again = {.map_id = info.id, .open_flags = BPF_F_RDONLY};
  int reader = bpf(BPF_MAP_GET_FD_BY_ID, &again);
  EXPECT(reader >= 0);
  e2e_ready_and_wait();

  uint64_t value[3] = {0};
  check(hash, kEntries / 2);
  EXPECT_EQ(look(hash, kEntries / 2, value), -1);
  EXPECT_EQ(errno, ENOENT);
  check(array, kEntries);
  check(reader, kEntries);
  EXPECT_EQ(update(array, 0, value), -1);
  EXPECT_EQ(update(hash, kEntries / 2, value), 0);
  unsigned id = 0;
  for (int i = 0; i < 2; ++i) {
    memset(&info, 0, sizeof info);
    ask.info.bpf_fd = i ? reader : array;
    ask.info.info_len = sizeof info;
    EXPECT_EQ(bpf(BPF_OBJ_GET_INFO_BY_FD, &ask), 0);
    EXPECT(strcmp(info.name, "an_array") == 0);
    EXPECT(i == 0 || info.id == id);
    id = info.id;
  }
  return e2e_ok();
}
