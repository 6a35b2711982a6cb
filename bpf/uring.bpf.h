/* Files opened and peers contacted through io_uring, which no system call of their own tells of. The attempt is
 * recorded when it is submitted (result EINPROGRESS), an opened file again when it is there, with its true path. */
#ifndef FANGS_URING_H
#define FANGS_URING_H

#include "socket.bpf.h"

#define EINPROGRESS 115

struct uring {
	struct io_kiocb *request;
	struct process *process;
	struct run_state *run;
	struct scratch *s;
	u8 opcode;
};

static __always_inline bool enter_uring(struct io_kiocb *request, struct uring *u)
{
	u->process = request ? watched() : NULL;
	if (!u->process)
		return false;
	u->request = request;
	u->run = recording(u->process->run);
	u->s = scratch();
	u->opcode = BPF_CORE_READ(request, opcode);
	return u->run && u->s;
}

static __always_inline bool opens(u8 opcode)
{
	return opcode == IORING_OP_OPENAT || opcode == IORING_OP_OPENAT2;
}

static __always_inline void record_uring_open(struct uring *u)
{
	struct io_open *open = (void *)u->request;
	const char *name = BPF_CORE_READ(open, filename, name);
	u32 at = sizeof(struct open_record), length = 0;
	struct scratch *s = u->s;
	char first = 0;

	begin(s, u->process, u->run, RECORD_OPEN, at, -EINPROGRESS);
	s->header.flags = FLAG_IO_URING;
	s->open.open_flags = BPF_CORE_READ(open, how.flags);
	bpf_probe_read_kernel(&first, 1, name);
	if (first != '/')
		length = append_directory(s, at, BPF_CORE_READ(open, dfd));
	length += append_kernel_string(s, at + length, name);
	s->open.path_length = length;
	s->open.requested_length = append_kernel_string(s, at + length, name);
	send(s, at + length + s->open.requested_length);
}

static __always_inline void record_uring_connect(struct uring *u)
{
	struct io_connect *connect = (void *)u->request;
	struct io_kiocb *request = u->request;
	struct io_async_msghdr *kept = BPF_CORE_READ(request, async_data);
	struct sockaddr_in6 address = {};
	struct endpoint end = {};
	struct scratch *s = u->s;
	struct sock *sock;
	u64 inode = 0;

	if (kept && bpf_core_field_exists(kept->addr))
		bpf_probe_read_kernel(&address, sizeof(address),
				      (void *)kept + bpf_core_field_offset(struct io_async_msghdr, addr));
	if (address.sin6_family)
		endpoint_of(&address, &end);
	else
		user_endpoint(BPF_CORE_READ(connect, addr), &end);
	sock = socket_of(BPF_CORE_READ(request, cqe.fd), &inode);
	if (sock)
		bpf_map_delete_elem(&streams, &inode);
	begin(s, u->process, u->run, RECORD_SOCKET, sizeof(s->socket), -EINPROGRESS);
	s->header.flags = FLAG_IO_URING;
	s->socket.socket = inode;
	s->socket.operation = SOCKET_CONNECT;
	s->socket.type = sock ? BPF_CORE_READ(sock, sk_type) : SOCK_STREAM;
	s->socket.family = end.family;
	s->socket.port = end.port;
	__builtin_memcpy(s->socket.address, end.address, 16);
	send(s, sizeof(struct socket_record));
}

SEC("raw_tracepoint/io_uring_submit_req")
int on_uring_submit(struct bpf_raw_tracepoint_args *context)
{
	struct uring u;

	if (!enter_uring((void *)context->args[0], &u))
		return 0;
	if (opens(u.opcode))
		record_uring_open(&u);
	else if (u.opcode == IORING_OP_CONNECT)
		record_uring_connect(&u);
	return 0;
}

SEC("raw_tracepoint/io_uring_complete")
int on_uring_complete(struct bpf_raw_tracepoint_args *context)
{
	u32 at = sizeof(struct open_record);
	struct io_kiocb *request;
	struct file *file;
	struct uring u;
	int result;

	if (!enter_uring((void *)context->args[1], &u) || !opens(u.opcode))
		return 0;
	request = u.request;
	result = BPF_CORE_READ(request, cqe.res);
	file = result >= 0 ? file_of(result) : NULL;
	if (!file)
		return 0;
	begin(u.s, u.process, u.run, RECORD_OPEN, at, result);
	u.s->header.flags = FLAG_IO_URING;
	u.s->open.path_length = describe_file(u.s, at, file);
	send(u.s, at + u.s->open.path_length);
	return 0;
}

#endif
