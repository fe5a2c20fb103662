/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/freelist.h"

static void every_number_comes_once(void **state)
{
    of_freelist list;
    (void)state;
    assert_int_equal(of_freelist_init(&list, 5), 0);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(of_freelist_pop(&list), i);
    assert_int_equal(of_freelist_pop(&list), OF_FREELIST_NONE);
    assert_int_equal(of_freelist_available(&list), 0);
    of_freelist_push(&list, 3);
    of_freelist_push(&list, 1);
    assert_int_equal(of_freelist_pop(&list), 1); /* Last in, first out. */
    assert_int_equal(of_freelist_pop(&list), 3);
    of_freelist_destroy(&list);
}

#define THREADS 4
#define ROUNDS 100000
#define NUMBERS 6

static of_freelist shared;
static int owner[NUMBERS]; /* Plain: whoever holds a number may touch its slot without a race. */

static void *take_and_give(void *argument)
{
    int self = *(int *)argument;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t number = of_freelist_pop(&shared);
        if (number == OF_FREELIST_NONE)
            continue;
        assert_int_equal(owner[number], 0);
        owner[number] = self;
        assert_int_equal(owner[number], self);
        owner[number] = 0;
        of_freelist_push(&shared, number);
    }
    return NULL;
}

static void no_two_threads_hold_a_number(void **state)
{
    pthread_t threads[THREADS];
    int names[THREADS];
    (void)state;
    assert_int_equal(of_freelist_init(&shared, NUMBERS), 0);
    for (int i = 0; i < THREADS; i++) {
        names[i] = i + 1;
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &names[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(of_freelist_available(&shared), NUMBERS);
    for (int i = 0; i < NUMBERS; i++)
        assert_int_not_equal(of_freelist_pop(&shared), OF_FREELIST_NONE);
    of_freelist_destroy(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_comes_once),
        cmocka_unit_test(no_two_threads_hold_a_number),
    };
    return cmocka_run_group_tests_name("freelist", tests, NULL, NULL);
}
