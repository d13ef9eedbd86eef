// A driver without a GPU, for tests of the host's side: device memory is host memory, kernels are not run, launches are counted.
// FAKECUDA_VERSION, FAKECUDA_DEVICES, FAKECUDA_INIT: what the calls of that kind answer.
// FAKECUDA_LAUNCH: file that gets a line for each launch, also of a graph; FAKECUDA_TEXT: file that gets the PTX loaded last.
// FAKECUDA_CONTROL: file with three numbers: whenever the first changes, calls are counted from 1 again, and the call of the second number answers
// the third, as do all after it, except that 2, out of memory, passes, and that 600, not done yet, is what only waiting gets.
// FAKECUDA_FAILED: file that gets the name of the call that was made to fail.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE(...) __attribute__((visibility("default"))) int __VA_ARGS__
#define CALL(...) DECLARE(__VA_ARGS__) { int made = failure(__func__); if (made) return made;
#define END return 0; }

static int number(const char *name, int otherwise) { const char *text = getenv(name); return text ? atoi(text) : otherwise; }

static FILE *opened(const char *variable, const char *mode) { const char *name = getenv(variable); return name ? fopen(name, mode) : NULL; }

// A graph is the text of its launches; there is one recording at a time.
static char *recorded;

static int failure(const char *name)
{
    static int round = -1, at, code, calls, failing;
    FILE *control = opened("FAKECUDA_CONTROL", "r");
    if (!control) return 0;
    int newRound = round, newAt = at, newCode = code;
    if (fscanf(control, "%d %d %d", &newRound, &newAt, &newCode) == 3 && newRound != round)
    {
        round = newRound; at = newAt; code = newCode;
        calls = failing = 0;
        recorded = NULL;
    }
    fclose(control);
    int fails = failing;
    if (!failing && ++calls == at)
    {
        fails = 1;
        failing = code != 2;
        FILE *failed = opened("FAKECUDA_FAILED", "w");
        if (failed) { fputs(name, failed); fclose(failed); }
    }
    if (code == 600 && strcmp(name, "cuStreamQuery")) fails = 0;
    return fails ? code : 0;
}

CALL(cuInit(unsigned flags)) return number("FAKECUDA_INIT", 0); END
CALL(cuDriverGetVersion(int *version)) *version = number("FAKECUDA_VERSION", 13000); END
DECLARE(cuGetErrorString(int error, const char **text)) { *text = "made to fail"; END
CALL(cuDeviceGet(int *device, int index)) *device = index; END
CALL(cuDeviceGetCount(int *count)) *count = number("FAKECUDA_DEVICES", 1); END
CALL(cuDeviceGetName(char *name, int length, int device)) snprintf(name, length, "Fake H200"); END
CALL(cuDeviceTotalMem_v2(size_t *bytes, int device)) *bytes = 141ull << 30; END
CALL(cuDeviceGetAttribute(int *value, int attribute, int device))
    switch (attribute)
    {
        case 75: *value = 9; break;           // compute capability, major
        case 76: *value = 0; break;           // minor
        case 10: *value = 32; break;          // threads of a warp
        case 1: case 2: case 3: *value = 1024; break;
        case 4: *value = 64; break;
        case 5: *value = 2147483647; break;
        case 6: case 7: *value = 65535; break;
        case 8: *value = 49152; break;        // shared memory of a group
        case 16: *value = 132; break;         // multiprocessors
        case 39: *value = 2048; break;        // threads of a multiprocessor
        default: *value = 1; break;
    }
END
CALL(cuCtxCreate_v2(void **context, unsigned flags, int device)) *context = (void *)0x1234; END
CALL(cuCtxDestroy_v2(void *context)) END
CALL(cuCtxSetCurrent(void *context)) END
CALL(cuCtxSynchronize(void)) END
CALL(cuCtxGetCacheConfig(int *config)) *config = 0; END
CALL(cuCtxSetCacheConfig(int config)) END
CALL(cuCtxGetSharedMemConfig(int *config)) *config = 0; END
CALL(cuCtxSetSharedMemConfig(int config)) END
CALL(cuDeviceCanAccessPeer(int *can, int a, int b)) *can = 0; END
CALL(cuMemGetInfo_v2(size_t *available, size_t *total)) *available = *total = 141ull << 30; END
CALL(cuMemAlloc_v2(void **memory, size_t bytes))
    if (bytes > 141ull << 30) return 2;
    *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    return *memory ? 0 : 2;
END
CALL(cuMemFree_v2(void *memory)) free(memory); END
CALL(cuMemAllocHost_v2(void **memory, size_t bytes)) *memory = malloc(bytes); END
CALL(cuMemHostAlloc(void **memory, size_t bytes, unsigned flags)) *memory = malloc(bytes); END
CALL(cuMemFreeHost(void *memory)) free(memory); END
CALL(cuMemHostRegister_v2(void *memory, size_t bytes, unsigned flags)) END
CALL(cuMemHostUnregister(void *memory)) END
CALL(cuMemHostGetDevicePointer_v2(void **device, void *host, int flags)) *device = host; END
CALL(cuPointerGetAttribute(void *value, int attribute, void *memory)) *(int *)value = 2; END
CALL(cuMemcpyAsync(void *target, void *source, size_t bytes, void *stream)) memcpy(target, source, bytes); END
CALL(cuMemsetD8Async(void *target, unsigned char value, size_t bytes, void *stream)) memset(target, value, bytes); END
CALL(cuStreamCreate(void **stream, unsigned flags)) *stream = (void *)0x5678; END
CALL(cuStreamCreateWithPriority(void **stream, unsigned flags, int priority)) *stream = (void *)0x5678; END
CALL(cuStreamDestroy_v2(void *stream)) END
CALL(cuStreamSynchronize(void *stream)) END
CALL(cuStreamQuery(void *stream)) END
CALL(cuModuleLoadDataEx(void **module, const char *text, int options, void *names, void *values))
    FILE *file = opened("FAKECUDA_TEXT", "w");
    if (file) { fputs(text, file); fclose(file); }
    *module = strdup(text);
END
CALL(cuModuleLoadData(void **module, const char *text)) return cuModuleLoadDataEx(module, text, 0, 0, 0); END
CALL(cuModuleUnload(void *module)) free(module); END
CALL(cuModuleGetFunction(void **function, void *module, const char *name)) *function = module; END
CALL(cuFuncSetAttribute(void *function, int attribute, int value))
    FILE *file = opened("FAKECUDA_LAUNCH", "a");
    if (file) { fprintf(file, "attribute %d is %d\n", attribute, value); fclose(file); }
END

CALL(cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *stream, void **arguments, void **extra))
    char line[16384];
    int used = sprintf(line, "grid %u,%u,%u group %u,%u,%u shared %u arguments", gx, gy, gz, bx, by, bz, shared);
    // Pairs of a key and a value: 1, the buffer, 2, its size; at most 4096.
    if (extra) for (size_t i = 0; i < *(size_t *)extra[3]; i++) used += sprintf(line + used, " %02x", ((unsigned char *)extra[1])[i]);
    line[used++] = '\n';
    line[used] = 0;
    if (recorded)
    {
        recorded = realloc(recorded, strlen(recorded) + used + 7);
        strcat(strcat(recorded, "graph "), line);
        return 0;
    }
    FILE *file = opened("FAKECUDA_LAUNCH", "a");
    if (file) { fputs(line, file); fclose(file); }
END
CALL(cuStreamBeginCapture_v2(void *stream, int mode))
    if (!stream || recorded) return 900;
    recorded = calloc(1, 1);
END
CALL(cuStreamEndCapture(void *stream, void **graph))
    if (!recorded) return 901;
    *graph = recorded;
    recorded = NULL;
END
CALL(cuGraphInstantiateWithFlags(void **executable, void *graph, unsigned long long flags)) *executable = strdup(graph); END
CALL(cuGraphDestroy(void *graph)) free(graph); END
CALL(cuGraphExecDestroy(void *executable)) free(executable); END
CALL(cuGraphLaunch(void *executable, void *stream))
    FILE *file = opened("FAKECUDA_LAUNCH", "a");
    if (file) { fputs(executable, file); fclose(file); }
END
