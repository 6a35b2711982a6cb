/* The record layout of a trace: the one source of truth for probes, loader and readers.
 *
 * Little-endian. Every record starts with `record_header`, is a multiple of 8 bytes long, and carries
 * its variable bytes behind the fixed part, in the order of its `*_length` fields and without padding
 * between them. Bytes are as the kernel saw them: not NUL-bound, not necessarily UTF-8.
 * A reader skips a type it does not know by `size`.
 *
 * protocol/trace.ts mirrors this file; tests/protocol/trace-layout.test.ts compares both with the BTF
 * of the compiled object.
 */
#ifndef FANGS_TRACE_H
#define FANGS_TRACE_H

#define TRACE_VERSION 1

/* The longest path that is kept whole; PATH_MAX is 4096 with its NUL. */
#define PATH_LIMIT 4096
/* argv, as the bytes between mm->arg_start and mm->arg_end; a longer one is cut and flagged. */
#define ARGV_LIMIT 4096
/* First bytes of a stream that are kept: a post-quantum TLS hello is about 1,800 bytes. */
#define STREAM_LIMIT 2048
/* Bytes kept of one datagram: DNS over UDP without EDNS is at most 512. */
#define DATAGRAM_LIMIT 1024

enum record_type {
	RECORD_NONE = 0,
	RECORD_FORK = 1,
	RECORD_EXEC = 2,
	RECORD_EXIT = 3,
	RECORD_OPEN = 4,
	RECORD_CHANGE = 5,
	RECORD_SOCKET = 6,
	RECORD_SEND = 7,
	RECORD_RECEIVE = 8,
	RECORD_SYSCALL = 9,
	RECORD_MARKER = 10,
	RECORD_TYPE_COUNT = 16,
};

enum phase {
	PHASE_NONE = 0,
	PHASE_INSTALL = 1,
	PHASE_IMPORT = 2,
	PHASE_BIN = 3,
	PHASE_LINGER = 4,
};

/* record_header.flags */
enum record_flag {
	FLAG_TRUNCATED = 1,  /* a string is shorter than it was */
	FLAG_DELETED = 2,    /* the file has no name any more */
	FLAG_DETACHED = 4,   /* a name without a place: memfd, pipe */
	FLAG_UNREADABLE = 8, /* a user string could not be read */
	FLAG_IO_URING = 16,  /* done by io_uring, not by a system call */
	FLAG_COMPAT = 32,    /* 32-bit system call */
};

/* Causes of a loss; LOSS_NONE counts what was sent, so that a reader can check what it received. */
enum loss_cause {
	LOSS_NONE = 0,
	LOSS_RING_FULL = 1,
	LOSS_MAP_FULL = 2,
	LOSS_TRUNCATED = 3,
	LOSS_UNREADABLE = 4,
	LOSS_THROTTLED = 5,
	LOSS_CAUSE_COUNT = 8,
};

struct record_header {
	unsigned int size;	 /* whole record in bytes, a multiple of 8 */
	unsigned char type;	 /* enum record_type */
	unsigned char phase;	 /* enum phase */
	unsigned short flags;	 /* enum record_flag */
	unsigned long long time; /* ns since the run began (boot clock) */
	unsigned int run;	 /* the sensor's slot of the run; meaningless once stored */
	unsigned int process;	 /* dense index of the process within the run; 1..15 are the phases' roots */
	unsigned int thread;	 /* host thread id */
	int result;		 /* what the call returned; 0 where there is none */
};

/* process made child; result is the child's host pid */
struct fork_record {
	struct record_header header;
	unsigned int child;	/* dense index */
	unsigned int child_pid; /* pid in the child's own pid namespace */
};

/* binary, filename (as requested), cwd, argv (NUL-separated) follow */
struct exec_record {
	struct record_header header;
	unsigned long long inode;
	unsigned int device;
	unsigned int mode; /* i_mode of the binary */
	unsigned int uid;
	unsigned int pid; /* in its own pid namespace */
	unsigned short binary_length;
	unsigned short filename_length;
	unsigned short cwd_length;
	unsigned short argv_length;
};

/* the last thread of process ended */
struct exit_record {
	struct record_header header;
	int code;   /* exit status, 0..255 */
	int signal; /* that ended it, 0 if none */
};

/* path (resolved by the kernel; on failure: joined with the directory) and requested follow */
struct open_record {
	struct record_header header;
	unsigned long long inode;
	unsigned int device;
	unsigned int mode;	 /* i_mode, 0 on failure */
	unsigned int open_flags; /* O_* as given */
	unsigned int fmode;	 /* file->f_mode, 0 on failure */
	unsigned short path_length;
	unsigned short requested_length;
	unsigned int reserved;
};

/* path and target (second name of rename, link and symlink) follow; both joined with their directory */
struct change_record {
	struct record_header header;
	unsigned int syscall;  /* number, x86-64 table (see protocol/syscalls.ts) */
	unsigned int argument; /* mode, flags or length, as the call has it */
	unsigned short path_length;
	unsigned short target_length;
	unsigned int reserved;
};

enum socket_operation {
	SOCKET_CONNECT = 1,
	SOCKET_BIND = 2,
	SOCKET_LISTEN = 3,
	SOCKET_ACCEPT = 4,
};

/* connect, bind, listen, accept. A unix path follows (an abstract one begins with NUL). */
struct socket_record {
	struct record_header header;
	unsigned long long socket; /* inode of the socket: ties sends to their connection */
	unsigned char operation;   /* enum socket_operation */
	unsigned char type;	   /* SOCK_STREAM, SOCK_DGRAM, SOCK_RAW ... */
	unsigned short family;	   /* AF_* */
	unsigned short port;	   /* host byte order */
	unsigned short path_length;
	unsigned char address[16]; /* 4 or 16 bytes by family, network order */
	unsigned int protocol;
	unsigned int reserved;
};

/* SEND: the first bytes of a stream, or a datagram. RECEIVE: a datagram or stream bytes that look like
 * a DNS answer. The peer is in address and port. The bytes follow. */
struct data_record {
	struct record_header header;
	unsigned long long socket;
	unsigned char operation; /* 0 */
	unsigned char type;
	unsigned short family;
	unsigned short port;
	unsigned short data_length;
	unsigned char address[16];
	unsigned int offset; /* of these bytes in the stream; 0 for a datagram */
	unsigned int total;  /* bytes that the call sent, of which data_length are kept */
};

/* A rare or privileged call with its arguments. text (a name, where the call has one) follows. */
struct syscall_record {
	struct record_header header;
	unsigned int syscall;
	unsigned short text_length;
	unsigned short reserved;
	unsigned long long arguments[6];
};

enum marker_kind {
	MARKER_PHASE_BEGIN = 1, /* values: phase */
	MARKER_PHASE_END = 2,	/* values: phase, exit code, signal, timed out, duration in ms */
	MARKER_LOSS = 3,	/* values: record type, cause, count */
	MARKER_SENT = 4,	/* values: record type, count sent by the kernel, count received */
	MARKER_SURVIVOR = 5,	/* values: phase; header.process is who is still alive */
};

/* Written by the runner, not by the kernel. text follows. */
struct marker_record {
	struct record_header header;
	unsigned int kind;
	unsigned short text_length;
	unsigned short reserved;
	long long values[6];
};

#endif
