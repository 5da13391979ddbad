/* The stub's bytes in and out, plain and TLS alike. Built with -DWITHOUT_TLS where OpenSSL's headers are missing. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef WITHOUT_TLS

#include <openssl/err.h>
#include <openssl/ssl.h>

static SSL_CTX *tls_context;

struct wire {
    int fd;
    SSL *tls; /* NULL on a plain connection */
};

/* False when the certificate or its key can't be read. */
static bool load_certificate(const char *certificate, const char *key) {
    tls_context = SSL_CTX_new(TLS_server_method());
    if (tls_context == NULL || SSL_CTX_use_certificate_chain_file(tls_context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls_context, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        return false;
    }
    SSL_CTX_set_mode(tls_context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(tls_context, 1); /* one read for a record instead of two */
    return true;
}

static void begin_wire(struct wire *wire, int fd, bool is_tls) {
    wire->fd = fd;
    wire->tls = is_tls ? SSL_new(tls_context) : NULL;
    if (wire->tls == NULL) return;
    SSL_set_fd(wire->tls, fd);
    SSL_set_accept_state(wire->tls);
}

static void end_wire(struct wire *wire) {
    if (wire->tls != NULL) {
        SSL_shutdown(wire->tls);
        SSL_free(wire->tls);
        ERR_clear_error(); /* or the next connection would find our errors in the queue */
    }
    close(wire->fd);
}

/* What a call of OpenSSL that moved nothing means: 0 for "wait", -1 for "over". */
static ssize_t tls_outcome(struct wire *wire, int moved) {
    int why = SSL_get_error(wire->tls, moved);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static ssize_t tls_receive(struct wire *wire, char *into, size_t room) {
    int got = SSL_read(wire->tls, into, (int)room);
    return got > 0 ? got : tls_outcome(wire, got);
}

static ssize_t tls_transmit(struct wire *wire, const char *from, size_t bytes) {
    int put = SSL_write(wire->tls, from, (int)bytes);
    return put > 0 ? put : tls_outcome(wire, put);
}

/* True when OpenSSL holds bytes that epoll will not tell of. */
static bool holds_more(const struct wire *wire) { return wire->tls != NULL && SSL_has_pending(wire->tls); }

#else

struct wire {
    int fd;
    void *tls;
};

static bool load_certificate(const char *certificate, const char *key) {
    (void)certificate, (void)key;
    return false;
}

static void begin_wire(struct wire *wire, int fd, bool is_tls) {
    (void)is_tls;
    *wire = (struct wire){fd, NULL};
}

static void end_wire(struct wire *wire) { close(wire->fd); }

static ssize_t tls_receive(struct wire *wire, char *into, size_t room) {
    (void)wire, (void)into, (void)room;
    return -1;
}

static ssize_t tls_transmit(struct wire *wire, const char *from, size_t bytes) {
    (void)wire, (void)from, (void)bytes;
    return -1;
}

static bool holds_more(const struct wire *wire) {
    (void)wire;
    return false;
}

#endif

/* Bytes moved; 0 when it must wait; -1 when the connection is over. */
static ssize_t receive(struct wire *wire, char *into, size_t room) {
    if (wire->tls != NULL) return tls_receive(wire, into, room);
    ssize_t got = recv(wire->fd, into, room, 0);
    if (got > 0) return got;
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static ssize_t transmit(struct wire *wire, const char *from, size_t bytes) {
    if (wire->tls != NULL) return tls_transmit(wire, from, bytes);
    ssize_t put = send(wire->fd, from, bytes, MSG_NOSIGNAL);
    if (put > 0) return put;
    return put < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}
