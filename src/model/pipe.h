/* pipe.h - the messages of the pipe protocol, as bytes. docs/pipe-protocol.md explains them. */
#ifndef AUS_MODEL_PIPE_H
#define AUS_MODEL_PIPE_H

#include "model/model.h"

enum {
  AUS_PIPE_VERSION = 1,
  AUS_PIPE_HEAD = 16,               /* "AUSP", type, u64 length of the payload */
  AUS_PIPE_MAX_TEXT = 1 << 16,      /* FAIL */
  AUS_PIPE_MAX_DESC = 1 << 24,      /* DESC */
  AUS_PIPE_MAX_TARGETS = 1 << 16,
  AUS_PIPE_MAX_BATCH = 1 << 16
};

typedef struct aus_pipe_head { char type[5]; uint64_t length; } aus_pipe_head;

void aus_pipe_put_head(unsigned char to[AUS_PIPE_HEAD], const char *type, uint64_t length);
/* AUS_EPEER when these 16 bytes are no message of ours; the text shows what they look like. */
aus_status aus_pipe_get_head(aus_ctx *ctx, const unsigned char from[AUS_PIPE_HEAD], aus_pipe_head *head);

void aus_pipe_put_hello(unsigned char to[8]);
enum { AUS_PIPE_PRED = 16 }; /* bytes before the samples */
void aus_pipe_put_predict(unsigned char to[AUS_PIPE_PRED], int64_t n, int32_t channels, int64_t samples);

/* A description; its lists are one block at targets (aus_free), strings point into payload, which is changed. */
typedef struct aus_pipe_desc { aus_model_info info; const char **strings; int64_t max_batch; } aus_pipe_desc;
aus_status aus_pipe_get_desc(aus_ctx *ctx, unsigned char *payload, size_t size, aus_pipe_desc *out);

/* The scores of n inputs, checked to be finite. */
aus_status aus_pipe_get_scores(aus_ctx *ctx, const unsigned char *payload, size_t size, int64_t n, int32_t targets, float *scores);

/* float32 to little-endian bytes and back; a copy on most machines. */
void aus_pipe_put_floats(unsigned char *to, const float *x, int64_t n);
void aus_pipe_get_floats(const unsigned char *from, int64_t n, float *x);

#endif
