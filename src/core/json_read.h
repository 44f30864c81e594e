/* json_read.h - reads JSON (RFC 8259), strictly, into a tree.
 *
 * Results of other runs come back through here, so the text is not trusted: depth and size are bounded, numbers and
 * escapes are checked, text must be UTF-8. Errors name the line. */
#ifndef AUS_JSON_READ_H
#define AUS_JSON_READ_H

#include "core/core.h"

typedef enum aus_json_kind { AUS_JSON_NULL, AUS_JSON_BOOL, AUS_JSON_NUMBER, AUS_JSON_STRING, AUS_JSON_ARRAY, AUS_JSON_OBJECT } aus_json_kind;

/* A value. Nodes lie in one block in the order of the text: a container is followed by what it holds. */
typedef struct aus_json_node {
  aus_json_kind kind;
  const char *key;   /* of a member, else NULL */
  const char *text;  /* AUS_JSON_STRING */
  double number;     /* AUS_JSON_NUMBER; AUS_JSON_BOOL: 0 or 1 */
  int32_t n;         /* members or elements */
  int32_t after;     /* index of the node after this one and all it holds */
} aus_json_node;

typedef struct aus_json_tree { aus_ctx *ctx; aus_json_node *node; int32_t n, room; char *text; } aus_json_tree;

/* size bytes of text; `name` begins error messages. AUS_EFORMAT, AUS_ELIMIT (deeper than 64), AUS_ENOMEM. */
aus_status aus_json_read(aus_ctx *ctx, const char *name, const char *text, size_t size, aus_json_tree *tree);
void aus_json_tree_free(aus_json_tree *tree); /* a zeroed one is fine */

/* The member of an object, the element of an array; NULL when there is none, or `of` is NULL or something else. */
const aus_json_node *aus_json_member(const aus_json_tree *tree, const aus_json_node *of, const char *key);
const aus_json_node *aus_json_element(const aus_json_tree *tree, const aus_json_node *of, int32_t i);
/* The first of what a container holds and the one after a node: for walking through all of them. */
const aus_json_node *aus_json_first(const aus_json_tree *tree, const aus_json_node *of);
const aus_json_node *aus_json_next(const aus_json_tree *tree, const aus_json_node *node);

/* A member's value, or what is given where it is missing, null or of another kind. */
double aus_json_get_real(const aus_json_tree *tree, const aus_json_node *of, const char *key, double otherwise);
const char *aus_json_get_text(const aus_json_tree *tree, const aus_json_node *of, const char *key, const char *otherwise);

#endif
