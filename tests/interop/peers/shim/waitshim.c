/* SyncEvolution waits for its own threads with a timer of a whole second, which glib rounds up to two: nearly all the
 * time of a sync. This preload makes that one timer short. Others, of minutes, stay; so does what it says on the wire. */
#define _GNU_SOURCE
#include <dlfcn.h>

typedef int (*call)(void *);
extern unsigned g_timeout_add(unsigned milliseconds, call function, void *data);

unsigned g_timeout_add_seconds(unsigned seconds, call function, void *data)
{
    static unsigned (*real)(unsigned, call, void *);
    if (!real) real = dlsym(RTLD_NEXT, "g_timeout_add_seconds");
    return seconds == 1 ? g_timeout_add(20, function, data) : real(seconds, function, data);
}
