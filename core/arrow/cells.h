/* SPDX-License-Identifier: Apache-2.0 */
/* Where the values of a column are read to. */
#ifndef OF_ARROW_CELLS_H
#define OF_ARROW_CELLS_H

#include <stddef.h>

#include <outfall/row.h>

/* Room for the text of a value that has to be spelled: see of_arrow_spells. */
#define OF_ARROW_TEXT_MAX 96

/* Where the values of a column go: `stride` apart, as they lie in rows. */
typedef struct of_arrow_cells {
    outfall_value *values;
    size_t stride;
    char *text; /* OF_ARROW_TEXT_MAX for each value, where its type may need it. */
} of_arrow_cells;

static inline outfall_value *of_arrow_cell(const of_arrow_cells *cells, size_t index)
{
    return cells->values + index * cells->stride;
}

static inline char *of_arrow_cell_text(const of_arrow_cells *cells, size_t index)
{
    return cells->text + index * OF_ARROW_TEXT_MAX;
}

#endif
