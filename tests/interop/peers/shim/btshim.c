/* btshim.c - LD_PRELOAD shim: give a program that wants a Bluetooth socket a
 * loopback TCP / Unix / serial-device connection instead.
 *
 * Usage:
 *   gcc -shared -fPIC -O2 -Wall -o btshim.so btshim.c -ldl
 *   BTSHIM_RFCOMM=tcp:6500              every RFCOMM channel -> 127.0.0.1:6500
 *   BTSHIM_RFCOMM=unix:/tmp/x/rfcomm-%d RFCOMM channel N -> that Unix stream socket
 *   BTSHIM_RFCOMM=tty:/tmp/x/tty        RFCOMM -> a serial device / pty (raw mode)
 *   BTSHIM_L2CAP=unix:/tmp/x/l2cap-%d   L2CAP PSM N (1 = SDP) -> Unix SEQPACKET
 *                                       (programs that listen on a PSM get that socket too)
 *   BTSHIM_RFCOMM_LISTEN=tcp:6500       the same for programs that listen (unix:, tty: too;
 *                                       default: BTSHIM_RFCOMM)
 *   BTSHIM_ADOPT=1                      stream sockets that the program was handed (obexd: by D-Bus)
 *                                       say they are RFCOMM when asked for their domain
 *   BTSHIM_LOG=/tmp/x/btshim.log        optional: what was redirected
 *   LD_PRELOAD=./btshim.so program ...
 *
 * The kernel here has no AF_BLUETOOTH at all (socket() gives EAFNOSUPPORT), so
 * socket(), bind(), listen(), accept(), connect(), getsockname(), getpeername(), setsockopt() and
 * getsockopt(SOL_L2CAP/SOL_RFCOMM) on AF_BLUETOOTH are answered here.  TCP is to
 * 127.0.0.1 only.  Anything that is not AF_BLUETOOTH passes through untouched.
 *
 * Why SEQPACKET for L2CAP: libbluetooth's SDP client reads one PDU per recv(),
 * so message boundaries must be kept.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define BT_FAMILY 31 /* AF_BLUETOOTH */
#define BT_L2CAP 0   /* BTPROTO_L2CAP */
#define BT_RFCOMM 3  /* BTPROTO_RFCOMM */
#define MAXFD 4096

/* own layout of the two address structures the kernel ABI defines */
struct rc_addr { uint16_t family; uint8_t bdaddr[6]; uint8_t channel; };
struct l2_addr { uint16_t family; uint16_t psm; uint8_t bdaddr[6]; uint16_t cid; uint8_t type; };

static unsigned char kind[MAXFD]; /* 0: not ours, otherwise 1 + BTPROTO_x */
static unsigned char tty_listener[MAXFD], is_tty[MAXFD];
static uint8_t local_channel[MAXFD];
static struct rc_addr peer[MAXFD];

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static void note(const char *fmt, ...)
{
    const char *path = getenv("BTSHIM_LOG");
    if (!path) return;
    FILE *f = fopen(path, "a");
    if (!f) return;
    va_list ap;
    va_start(ap, fmt);
    fprintf(f, "btshim[%d]: ", (int)getpid());
    vfprintf(f, fmt, ap);
    fputc('\n', f);
    va_end(ap);
    fclose(f);
}

static const char *listen_to(void);
static int ours(int fd) { return fd >= 0 && fd < MAXFD && kind[fd]; }

int socket(int domain, int type, int protocol)
{
    REAL(socket);
    if (domain != BT_FAMILY) return real(domain, type, protocol);
    if (protocol != BT_RFCOMM && protocol != BT_L2CAP) { /* HCI, SCO, ...: no such thing here */
        note("socket(AF_BLUETOOTH, proto %d) refused", protocol);
        errno = EAFNOSUPPORT;
        return -1;
    }
    const char *to = protocol == BT_RFCOMM ? listen_to() : getenv("BTSHIM_L2CAP");
    if (!to) {
        note("socket(AF_BLUETOOTH, proto %d): no BTSHIM_ variable, refused", protocol);
        errno = EAFNOSUPPORT;
        return -1;
    }
    int flags = type & (SOCK_CLOEXEC | SOCK_NONBLOCK);
    int fd;
    if (!strncmp(to, "tcp:", 4)) fd = real(AF_INET, SOCK_STREAM | flags, 0);
    else fd = real(AF_UNIX, (protocol == BT_L2CAP ? SOCK_SEQPACKET : SOCK_STREAM) | flags, 0);
    if (fd >= MAXFD) { close(fd); errno = EMFILE; return -1; }
    if (fd >= 0) { kind[fd] = 1 + protocol; memset(&peer[fd], 0, sizeof peer[fd]); }
    note("socket(%s) -> fd %d", protocol == BT_RFCOMM ? "RFCOMM" : "L2CAP", fd);
    return fd;
}

int bind(int fd, const struct sockaddr *a, socklen_t n)
{
    REAL(bind);
    if (!ours(fd) || !a || a->sa_family != BT_FAMILY) return real(fd, a, n);
    if (kind[fd] == 1 + BT_RFCOMM) local_channel[fd] = ((const struct rc_addr *)a)->channel;
    else local_channel[fd] = (uint8_t)((const struct l2_addr *)a)->psm;
    note("bind(fd %d, AF_BLUETOOTH) -> accepted, not done", fd);
    return 0;
}

static void unix_name(struct sockaddr_un *un, const char *to, int number)
{
    const char *p = strstr(to, "%d");
    memset(un, 0, sizeof *un);
    un->sun_family = AF_UNIX;
    if (p) snprintf(un->sun_path, sizeof un->sun_path, "%.*s%d%s", (int)(p - to), to, number, p + 2);
    else snprintf(un->sun_path, sizeof un->sun_path, "%s", to);
}

static void open_raw_tty(int fd, const char *path, int *rc)
{
    int t = open(path, O_RDWR | O_NOCTTY);
    struct termios tio;
    *rc = -1;
    if (t < 0) return;
    if (tcgetattr(t, &tio) == 0) { cfmakeraw(&tio); tcsetattr(t, TCSANOW, &tio); }
    int fl = fcntl(fd, F_GETFL);
    if (dup2(t, fd) >= 0) { fcntl(fd, F_SETFL, fl & O_NONBLOCK); is_tty[fd] = 1; *rc = 0; }
    close(t);
}

int connect(int fd, const struct sockaddr *a, socklen_t n)
{
    REAL(connect);
    if (!ours(fd) || !a || a->sa_family != BT_FAMILY) return real(fd, a, n);
    int proto = kind[fd] - 1, number, rc;
    const uint8_t *b;
    if (proto == BT_RFCOMM) {
        const struct rc_addr *rc_a = (const struct rc_addr *)a;
        number = rc_a->channel; b = rc_a->bdaddr;
        peer[fd] = *rc_a;
    } else {
        const struct l2_addr *l2 = (const struct l2_addr *)a;
        number = l2->psm; b = l2->bdaddr; /* psm is little endian, as x86 */
    }
    const char *to = getenv(proto == BT_RFCOMM ? "BTSHIM_RFCOMM" : "BTSHIM_L2CAP");
    if (!to) { errno = EHOSTUNREACH; return -1; }
    if (!strncmp(to, "tcp:", 4)) {
        struct sockaddr_in in = { .sin_family = AF_INET };
        int one = 1;
        in.sin_port = htons((uint16_t)atoi(to + 4));
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int fl = fcntl(fd, F_GETFL);       /* loopback: block for the moment it takes */
        fcntl(fd, F_SETFL, fl & ~O_NONBLOCK);
        rc = real(fd, (struct sockaddr *)&in, sizeof in);
        fcntl(fd, F_SETFL, fl);
        if (rc == 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    } else if (!strncmp(to, "tty:", 4)) {
        open_raw_tty(fd, to + 4, &rc);
    } else if (!strncmp(to, "unix:", 5)) {
        struct sockaddr_un un;
        unix_name(&un, to + 5, number);
        int fl = fcntl(fd, F_GETFL);
        fcntl(fd, F_SETFL, fl & ~O_NONBLOCK);
        rc = real(fd, (struct sockaddr *)&un, sizeof un);
        fcntl(fd, F_SETFL, fl);
    } else { errno = EINVAL; rc = -1; }
    int e = errno;
    note("connect(fd %d, %s %02X:%02X:%02X:%02X:%02X:%02X, %s %d) -> %s: %s", fd,
         proto == BT_RFCOMM ? "RFCOMM" : "L2CAP", b[5], b[4], b[3], b[2], b[1], b[0],
         proto == BT_RFCOMM ? "channel" : "psm", number, to, rc ? strerror(e) : "ok");
    errno = e;
    return rc;
}

static const char *listen_to(void)
{
    const char *to = getenv("BTSHIM_RFCOMM_LISTEN");
    return to ? to : getenv("BTSHIM_RFCOMM");
}

int listen(int fd, int backlog)
{
    REAL(listen);
    if (!ours(fd)) return real(fd, backlog);
    static __typeof__(&bind) real_bind;
    if (!real_bind) real_bind = (__typeof__(&bind))dlsym(RTLD_NEXT, "bind");
    const char *to = kind[fd] == 1 + BT_RFCOMM ? listen_to() : getenv("BTSHIM_L2CAP");
    int rc = -1, one = 1;
    if (!strncmp(to, "tcp:", 4)) {
        struct sockaddr_in in = { .sin_family = AF_INET };
        in.sin_port = htons((uint16_t)atoi(to + 4));
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        rc = real_bind(fd, (struct sockaddr *)&in, sizeof in);
    } else if (!strncmp(to, "unix:", 5)) {
        struct sockaddr_un un;
        unix_name(&un, to + 5, local_channel[fd]);
        unlink(un.sun_path);
        rc = real_bind(fd, (struct sockaddr *)&un, sizeof un);
    } else if (!strncmp(to, "tty:", 4)) { /* the device is the connection: accept() hands it out */
        open_raw_tty(fd, to + 4, &rc);
        if (rc == 0) tty_listener[fd] = 1;
        note("listen(fd %d, RFCOMM channel %d) -> %s: %s", fd, local_channel[fd], to, rc ? strerror(errno) : "ok");
        return rc;
    }
    if (rc == 0) rc = real(fd, backlog);
    note("listen(fd %d, %s %d) -> %s: %s", fd, kind[fd] == 1 + BT_RFCOMM ? "RFCOMM channel" : "L2CAP PSM", local_channel[fd], to, rc ? strerror(errno) : "ok");
    return rc;
}

static int accepted(int lfd, int fd, struct sockaddr *a, socklen_t *n)
{
    if (fd < 0 || fd >= MAXFD) return fd;
    kind[fd] = 1 + BT_RFCOMM;
    peer[fd] = (struct rc_addr){ .family = BT_FAMILY, .bdaddr = { 1, 0, 0, 0, 0, 2 }, .channel = local_channel[lfd] };
    if (a && n && *n >= sizeof peer[fd]) { memcpy(a, &peer[fd], sizeof peer[fd]); *n = sizeof peer[fd]; }
    note("accept(fd %d) -> fd %d", lfd, fd);
    return fd;
}

int accept4(int fd, struct sockaddr *a, socklen_t *n, int flags)
{
    REAL(accept4);
    if (!ours(fd)) return real(fd, a, n, flags);
    if (kind[fd] != 1 + BT_RFCOMM) {
        struct l2_addr from = { .family = BT_FAMILY, .bdaddr = { 1, 0, 0, 0, 0, 2 } };
        int l = real(fd, NULL, NULL, flags);
        if (l >= 0 && l < MAXFD) kind[l] = kind[fd];
        if (a && n && *n >= sizeof from) { memcpy(a, &from, sizeof from); *n = sizeof from; }
        return l;
    }
    if (tty_listener[fd]) {
        int d = dup(fd);
        if (d >= 0 && d < MAXFD) is_tty[d] = 1;
        return accepted(fd, d, a, n);
    }
    return accepted(fd, real(fd, NULL, NULL, flags), a, n);
}

int accept(int fd, struct sockaddr *a, socklen_t *n)
{
    REAL(accept);
    if (!ours(fd)) return real(fd, a, n);
    return accept4(fd, a, n, 0);
}

int setsockopt(int fd, int level, int opt, const void *v, socklen_t n)
{
    REAL(setsockopt);
    if (ours(fd) && (level == 6 /* SOL_L2CAP; also IPPROTO_TCP */ || level == 18 || level == 274)
        && !(level == IPPROTO_TCP && opt == TCP_NODELAY))
        return 0;
    return real(fd, level, opt, v, n);
}

int getsockopt(int fd, int level, int opt, void *v, socklen_t *n)
{
    REAL(getsockopt);
    if (ours(fd) && (level == 6 || level == 18 || level == 274)) { memset(v, 0, *n); return 0; }
    if (level == SOL_SOCKET && (opt == SO_DOMAIN || opt == SO_PROTOCOL || opt == SO_TYPE)) {
        int domain = 0;
        socklen_t len = sizeof domain;
        if (!ours(fd) && getenv("BTSHIM_ADOPT") && fd >= 0 && fd < MAXFD
            && real(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && (domain == AF_INET || domain == AF_UNIX)) {
            kind[fd] = 1 + BT_RFCOMM;
            peer[fd] = (struct rc_addr){ .family = BT_FAMILY, .bdaddr = { 1, 0, 0, 0, 0, 2 }, .channel = 9 };
            note("adopted fd %d as RFCOMM", fd);
        }
        if (ours(fd)) {
            *(int *)v = opt == SO_DOMAIN ? BT_FAMILY : opt == SO_PROTOCOL ? kind[fd] - 1
                        : kind[fd] == 1 + BT_RFCOMM ? SOCK_STREAM : SOCK_SEQPACKET;
            *n = sizeof(int);
            return 0;
        }
    }
    if (ours(fd) && level == SOL_SOCKET && opt == SO_ERROR) {
        int rc = real(fd, level, opt, v, n);
        if (rc < 0 && errno == ENOTSOCK) { *(int *)v = 0; return 0; } /* tty: */
        return rc;
    }
    return real(fd, level, opt, v, n);
}

int getpeername(int fd, struct sockaddr *a, socklen_t *n)
{
    REAL(getpeername);
    if (!ours(fd) || kind[fd] != 1 + BT_RFCOMM || *n < sizeof peer[fd]) return real(fd, a, n);
    memcpy(a, &peer[fd], sizeof peer[fd]);
    *n = sizeof peer[fd];
    return 0;
}

int getsockname(int fd, struct sockaddr *a, socklen_t *n)
{
    REAL(getsockname);
    if (!ours(fd) || kind[fd] != 1 + BT_RFCOMM || *n < sizeof(struct rc_addr)) return real(fd, a, n);
    struct rc_addr me = { .family = BT_FAMILY };
    memcpy(a, &me, sizeof me);
    *n = sizeof me;
    return 0;
}

/* a serial device is no socket: send() and recv() become write() and read() */
#define TTY(fd) ((fd) >= 0 && (fd) < MAXFD && is_tty[fd])
ssize_t send(int fd, const void *b, size_t n, int flags)
{
    REAL(send);
    return TTY(fd) ? write(fd, b, n) : real(fd, b, n, flags);
}
ssize_t recv(int fd, void *b, size_t n, int flags)
{
    REAL(recv);
    return TTY(fd) ? read(fd, b, n) : real(fd, b, n, flags);
}
ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    REAL(sendmsg);
    return TTY(fd) ? writev(fd, m->msg_iov, (int)m->msg_iovlen) : real(fd, m, flags);
}
ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    REAL(recvmsg);
    return TTY(fd) ? readv(fd, m->msg_iov, (int)m->msg_iovlen) : real(fd, m, flags);
}
int shutdown(int fd, int how)
{
    REAL(shutdown);
    return TTY(fd) ? 0 : real(fd, how);
}

int close(int fd)
{
    REAL(close);
    if (fd >= 0 && fd < MAXFD) kind[fd] = tty_listener[fd] = is_tty[fd] = 0;
    return real(fd);
}
