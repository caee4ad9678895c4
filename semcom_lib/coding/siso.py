"""Soft-in soft-out decoders of LTE's 8-state constituent code, and the turbo iterations around them.

The state is the shift register (a1, a2, a3) read as a binary number. When a enters it, input and parity are
u = a + a2 + a3 and p = a + a1 + a3 modulo 2, hence the trellis is four butterflies: states 2j and 2j + 1 lead to j and
j + 4, j = 0..3; branches 2j -> j and 2j + 1 -> j + 4 carry (u, p) = (j mod 2, j div 2), the other two the complements.
[3GPP TS 36.212 Sec. 5.1.3.2.1]

Arrays hold LANES codewords side by side in their last axis, where the compiler makes SIMD of the loops: x[t, lane],
and the 8 metrics of a step as [state * LANES + lane]. A lane is computed alone and in plain IEEE arithmetic, nothing
fused or reordered: a codeword's bits depend on no other codeword, no number of threads and no SIMD width. Metrics are
log probabilities up to a constant a step, which keeps state 0 at zero; a branch adds u lu + p lp.

All compiled functions stay in this one file: numba's cache of a function does not see the files it calls into.
"""

import numpy as np
from numba import njit

LANES = 16
NUM_STATES = 8
LOG_MAP, MAX_LOG, SOVA = range(3)
PUNCTURED, FILLER, IDLE = -1, -2, -3

MAX_LLR = np.float32(1e4)  # received LLRs saturate here, so that no metric overflows
FILLER_LLR = np.float32(-1e12)  # a known zero, beyond what decoding makes of saturated LLRs
UNREACHED = np.float32(1e30)
ZERO, ONE = np.float32(0), np.float32(1)

# Minimax fit of ln(1 + e^-x) by the eighth power of a polynomial, which can follow the exponential decay.
C0, C1, C2, C3, C4 = np.array([0.9552404, -0.08626376, -0.005765568, 0.001865705, -0.0001228354], np.float32)
FIT_END = np.float32(10)


@njit
def correction(x):
    """ln(1 + e^-x) for x >= 0, float32 -> float32, absolute error below 1.3e-4."""
    x = minimum(x, FIT_END)
    root = C0 + x * (C1 + x * (C2 + x * (C3 + x * C4)))
    root *= root
    root *= root
    return root * root


@njit
def maximum(a, b):
    """The larger one; unlike numpy's, a single machine instruction, since no argument is NaN."""
    return a if a > b else b


@njit
def minimum(a, b):
    """The smaller one, as maximum."""
    return a if a < b else b


@njit
def log_sum(exact, a, b):
    """Jacobian logarithm ln(e^a + e^b), or max(a, b) unless exact  [Robertson, Villebrun and Hoeher, ICC 1995]."""
    larger = maximum(a, b)
    return larger + correction(abs(a - b)) if exact else larger


@njit(forceinline=True)
def _states(metric, i):
    low = metric[i], metric[LANES + i], metric[2 * LANES + i], metric[3 * LANES + i]
    return *low, metric[4 * LANES + i], metric[5 * LANES + i], metric[6 * LANES + i], metric[7 * LANES + i]


@njit(forceinline=True)
def _set_states(metric, i, m0, m1, m2, m3, m4, m5, m6, m7):
    metric[i], metric[LANES + i], metric[2 * LANES + i], metric[3 * LANES + i] = m0, m1, m2, m3
    metric[4 * LANES + i], metric[5 * LANES + i], metric[6 * LANES + i], metric[7 * LANES + i] = m4, m5, m6, m7


@njit
def _fill(metric, state_0, elsewhere):
    metric[:LANES] = state_0
    metric[LANES:] = elsewhere


@njit
def _step(exact, metric, before, lu, lp):
    """One step of the forward recursion on metric, in place; before takes the metrics that it starts from."""
    for i in range(LANES):
        u, p, up = lu[i], lp[i], lu[i] + lp[i]
        m0, m1, m2, m3, m4, m5, m6, m7 = _states(metric, i)
        _set_states(before, i, m0, m1, m2, m3, m4, m5, m6, m7)
        n0 = log_sum(exact, m0, m1 + up)
        n1 = log_sum(exact, m2 + u, m3 + p) - n0
        n2 = log_sum(exact, m4 + p, m5 + u) - n0
        n3 = log_sum(exact, m6 + up, m7) - n0
        n4 = log_sum(exact, m0 + up, m1) - n0
        n5 = log_sum(exact, m2 + p, m3 + u) - n0
        n6 = log_sum(exact, m4 + u, m5 + p) - n0
        n7 = log_sum(exact, m6, m7 + up) - n0
        _set_states(metric, i, ZERO, n1, n2, n3, n4, n5, n6, n7)


@njit
def _join(exact, past, future, lp, extrinsic):
    """Extrinsic LLR of one step's input: the four branches of each (u, p), then both p, then u = 1 against u = 0.

    past has the metrics of the states, future those of the states with their bits reversed.
    """
    for i in range(LANES):
        a0, a1, a2, a3, a4, a5, a6, a7 = _states(past, i)
        b0, b4, b2, b6, b1, b5, b3, b7 = _states(future, i)
        up00 = log_sum(exact, log_sum(exact, a0 + b0, a1 + b4), log_sum(exact, a6 + b7, a7 + b3))
        up11 = log_sum(exact, log_sum(exact, a0 + b4, a1 + b0), log_sum(exact, a6 + b3, a7 + b7))
        up10 = log_sum(exact, log_sum(exact, a2 + b1, a3 + b5), log_sum(exact, a4 + b6, a5 + b2))
        up01 = log_sum(exact, log_sum(exact, a2 + b5, a3 + b1), log_sum(exact, a4 + b2, a5 + b6))
        extrinsic[i] = log_sum(exact, up10, up11 + lp[i]) - log_sum(exact, up00, up01 + lp[i])


@njit
def bcjr(exact, lu, lp, extrinsic, metric, past):
    """Extrinsic LLRs of terminated codewords from their inputs' and parities', lu and lp, (num_steps, LANES) each.

    Log-MAP if exact, otherwise max-log-MAP; metric (8 LANES,) and past (num_steps, 8 LANES) are scratch. The backward
    recursion is the forward one with u and p exchanged and the bits of all states reversed: with time, the register
    (a, a1, a2, a3) turns round, and u = a + a2 + a3 becomes p.
    [Bahl, Cocke, Jelinek and Raviv, IEEE Trans. Inf. Theory 20(2), 1974]
    """
    _fill(metric, ZERO, -UNREACHED)
    for t in range(len(lu)):
        _step(exact, metric, past[t], lu[t], lp[t])
    _fill(metric, ZERO, -UNREACHED)
    future = np.empty_like(metric)
    for t in range(len(lu) - 1, -1, -1):
        _step(exact, metric, future, lp[t], lu[t])
        _join(exact, past[t], future, lp[t], extrinsic[t])


@njit(forceinline=True)
def _hand_back(rival, even, odd):
    """What a state passes to states 2j and 2j + 1: its rival to the survivor's, a rival's start to the loser's."""
    start = abs(even - odd) if rival < ZERO else UNREACHED
    return (rival, start) if even >= odd else (start, rival)


@njit
def _trace_back(rival, past, lu, lp, extrinsic):
    """One step back from the states' rivals, in place: minima over the branches into each state and over each u."""
    for i in range(LANES):
        u, p, up = lu[i], lp[i], lu[i] + lp[i]
        m0, m1, m2, m3, m4, m5, m6, m7 = _states(past, i)
        r0, r1, r2, r3, r4, r5, r6, r7 = _states(rival, i)
        even0, odd0 = _hand_back(r0, m0, m1 + up)
        even1, odd1 = _hand_back(r1, m2 + u, m3 + p)
        even2, odd2 = _hand_back(r2, m4 + p, m5 + u)
        even3, odd3 = _hand_back(r3, m6 + up, m7)
        even4, odd4 = _hand_back(r4, m0 + up, m1)
        even5, odd5 = _hand_back(r5, m2 + p, m3 + u)
        even6, odd6 = _hand_back(r6, m4 + u, m5 + p)
        even7, odd7 = _hand_back(r7, m6, m7 + up)
        n0, n1, n2, n3 = minimum(even0, even4), minimum(odd0, odd4), minimum(even1, even5), minimum(odd1, odd5)
        n4, n5, n6, n7 = minimum(even2, even6), minimum(odd2, odd6), minimum(even3, even7), minimum(odd3, odd7)
        _set_states(rival, i, n0, n1, n2, n3, n4, n5, n6, n7)
        u0 = minimum(minimum(even0, odd4), minimum(odd1, even5))
        u0 = minimum(u0, minimum(minimum(even2, odd6), minimum(odd3, even7)))
        u1 = minimum(minimum(odd0, even4), minimum(even1, odd5))
        u1 = minimum(u1, minimum(minimum(odd2, even6), minimum(even3, odd7)))
        extrinsic[i] = (u0 if u1 < ZERO else -u1) - lu[i]


@njit
def sova(lu, lp, extrinsic, metric, past):
    """Extrinsic LLRs as bcjr's, by the two-step soft-output Viterbi algorithm with unlimited update depth.

    First the Viterbi algorithm, then back along its ML path. There each branch that lost, by a metric difference d,
    starts a rival path of reliability d, which follows the survivors back until it rejoins the ML path; a bit is as
    reliable as the least reliable rival that decides it otherwise (Hagenauer's rule). Rivals that meet in a state have
    their further path in common, so it suffices to know the smallest reliability in each state; -1 marks the ML path.
    [Hagenauer and Hoeher, Globecom 1989]
    """
    _fill(metric, ZERO, -UNREACHED)
    for t in range(len(lu)):
        _step(False, metric, past[t], lu[t], lp[t])
    _fill(metric, -ONE, UNREACHED)
    for t in range(len(lu) - 1, -1, -1):
        _trace_back(metric, past[t], lu[t], lp[t], extrinsic[t])


@njit
def _extrinsic(algorithm, lu, lp, extrinsic, metric, past):
    if algorithm == LOG_MAP:
        bcjr(True, lu, lp, extrinsic, metric, past)
    elif algorithm == MAX_LOG:
        bcjr(False, lu, lp, extrinsic, metric, past)
    else:
        sova(lu, lp, extrinsic, metric, past)


@njit
def _add(x, y, total):
    for i in range(LANES):
        total[i] = x[i] + y[i]


@njit
def _copy(x, y):
    """y[:] = x, which numba would compile with all of the words of its error message: a third of the compilation."""
    for i in range(LANES):
        y[i] = x[i]


@njit
def _decide(lu, extrinsic, posterior, num_changes):
    """Posterior LLRs of one step's input, and a count of decisions that they change."""
    for i in range(LANES):
        llr = lu[i] + extrinsic[i]
        num_changes[i] += ONE if (llr > ZERO) != (posterior[i] > ZERO) else ZERO
        posterior[i] = llr


@njit
def _iterate(algorithm, channel, interleaver, extrinsic, posterior, lu, metric, past):
    """One turbo iteration: extrinsic LLRs of code 2 and posterior LLRs, in place; -> number of changed decisions."""
    k = len(interleaver)
    num_changes = np.zeros(LANES, np.float32)
    for code in range(2):  # one call of the decoder in the source: the compiler copies it into every call
        systematic, parity = channel[2 * code], channel[2 * code + 1]
        for t in range(k, len(lu)):
            _copy(systematic[t], lu[t])
        for t in range(k):
            this, other = (interleaver[t], t) if code == 0 else (t, interleaver[t])
            _add(systematic[this], extrinsic[other], lu[this])
        _extrinsic(algorithm, lu, parity, extrinsic, metric, past)
        for t in range(k):
            this = interleaver[t] if code == 0 else t
            _decide(lu[this], extrinsic[this], posterior[t], num_changes)
    return num_changes


@njit
def _receive(llr, columns, channel):
    """Saturated channel LLRs of one codeword by step: llr (n,), columns (4, num_steps) -> channel (4, num_steps)."""
    for stream in range(4):
        for t in range(columns.shape[1]):
            column = columns[stream, t]
            if column >= 0:
                channel[stream, t] = maximum(-MAX_LLR, minimum(llr[column], MAX_LLR))
            else:
                channel[stream, t] = FILLER_LLR if column == FILLER else ZERO


@njit
def _deliver(posterior, interleaver, bits, llr_out):
    num_filler = len(interleaver) - len(bits)
    for t in range(len(interleaver)):
        place = interleaver[t] - num_filler
        if place >= 0:
            bits[place] = posterior[t] > ZERO
        if place >= 0 and len(llr_out):
            llr_out[place] = posterior[t]


@njit(cache=True, nogil=True)
def turbo_decode(llr, columns, interleaver, algorithm, iterations, early_stop, bits, llr_out, num_iterations):
    """Decode parallel concatenated codewords: llr float32 (batch, n) -> bits uint8 (batch, k), in place.

    So are LLRs a posteriori, llr_out float32 (batch, k or 0), and num_iterations int64 (batch,). columns (4, num_steps)
    says where in a row of llr input and parity of code 1, then of code 2, are found, or PUNCTURED or FILLER. Code 2 has
    at step t the input of step interleaver[t] of code 1; the first len(interleaver) - k inputs of code 1 are filler bits.
    A lane whose codeword is done takes the next one.  [Berrou, Glavieux and Thitimajshima, ICC 1993]
    """
    num_steps = columns.shape[1]
    channel = np.zeros((4, num_steps, LANES), np.float32)
    extrinsic, posterior = np.zeros((num_steps, LANES), np.float32), np.zeros((num_steps, LANES), np.float32)
    lu, metric = np.empty((num_steps, LANES), np.float32), np.empty(NUM_STATES * LANES, np.float32)
    past = np.empty((num_steps, NUM_STATES * LANES), np.float32)
    rows, ages = np.full(LANES, IDLE), np.zeros(LANES, np.int64)
    num_received, num_done = 0, 0
    while num_done < len(llr):
        for lane in range(LANES):
            if rows[lane] == IDLE and num_received < len(llr):
                rows[lane], ages[lane] = num_received, 0
                _receive(llr[num_received], columns, channel[:, :, lane])
                for t in range(num_steps):
                    extrinsic[t, lane], posterior[t, lane] = ZERO, channel[2, t, lane]
                num_received += 1
        num_changes = _iterate(algorithm, channel, interleaver, extrinsic, posterior, lu, metric, past)
        for lane in range(LANES):
            ages[lane] += 1
            done = ages[lane] == iterations or (early_stop and num_changes[lane] == ZERO)
            if done and rows[lane] != IDLE:
                row, rows[lane] = rows[lane], IDLE
                num_iterations[row] = ages[lane]
                _deliver(posterior[:, lane], interleaver, bits[row], llr_out[row])
                num_done += 1
