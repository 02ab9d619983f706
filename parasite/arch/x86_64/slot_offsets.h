#ifndef PARASITE_ARCH_X86_64_SLOT_OFFSETS_H_
#define PARASITE_ARCH_X86_64_SLOT_OFFSETS_H_

/* protocol::ParasiteSlot and ParasiteHeader for the assembler; parasite.cc checks them. */
#define SLOT_STATE 0
#define SLOT_KEEP_RESTART_BLOCK 8
#define SLOT_HEADER 16
#define SLOT_ALL_SIGNALS 24
#define SLOT_STACK_TOP 32
#define SLOT_HOME_STACK 40
#define SLOT_FRAME 48
#define HEADER_PARK_WORD 0

#define STATE_PARKED 2
#define STATE_GOING_HOME 3

#endif  /* PARASITE_ARCH_X86_64_SLOT_OFFSETS_H_ */
