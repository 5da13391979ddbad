/* One line of a head of HTTP, for both ends of a benchmark's connections. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct header {
    const char *name, *value;
    size_t name_bytes, value_bytes;
};

static bool is_text(const char *bytes, size_t count, const char *text) {
    return strlen(text) == count && strncasecmp(bytes, text, count) == 0;
}

static bool is_header(const struct header *header, const char *name) {
    return is_text(header->name, header->name_bytes, name);
}

static bool has_value(const struct header *header, const char *value) {
    return is_text(header->value, header->value_bytes, value);
}

/* False where there is no colon. Name and value lead into the line. */
static bool split_line(struct header *header, const char *line, const char *end) {
    const char *colon = memchr(line, ':', (size_t)(end - line));
    if (colon == NULL) return false;
    const char *value = colon + 1;
    while (value < end && (*value == ' ' || *value == '\t')) value++;
    *header = (struct header){line, value, (size_t)(colon - line), (size_t)(end - value)};
    return true;
}
