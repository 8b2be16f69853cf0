"""Near-minimax polynomials for the vector exp and erf (Lawson's iteration on a dense grid), printed as floats.

    pip install mpmath numpy
    python scripts/fit_vector_math.py
"""

import mpmath as mp
import numpy as np

mp.mp.dps = 40


def lawson(function, weight, low, high, degree, points=2000, rounds=60):
    """Coefficients, lowest first, of the polynomial on [low, high] with the least weighted error, and that error."""
    x = (high - low) / 2 * np.cos(np.linspace(0, np.pi, points)) + (high + low) / 2
    y = np.array([float(function(v)) for v in x])
    weights = np.array([float(weight(v)) for v in x])
    basis = np.polynomial.chebyshev.chebvander((2 * x - high - low) / (high - low), degree)
    importance = np.ones(points) / points
    for _ in range(rounds):
        scale = np.sqrt(importance) * weights
        coefficients, *_ = np.linalg.lstsq(basis * scale[:, None], y * scale, rcond=None)
        error = np.abs(basis @ coefficients - y) * weights
        importance = importance * error / (importance * error).sum()
    series = np.polynomial.Chebyshev(coefficients, domain=[low, high])
    return series.convert(kind=np.polynomial.Polynomial).coef, error.max()


def show(name, coefficients, error):
    """One line: name, coefficients as float32, largest weighted error."""
    print(name, [repr(float(np.float32(c))) for c in coefficients], error)


def exp_rest(r):
    """p of exp(r) = 1 + r + r^2 p(r)."""
    return (mp.e ** mp.mpf(r) - 1 - r) / mp.mpf(r) ** 2 if abs(r) > 1e-9 else mp.mpf("0.5")


def erf_over_x(t):
    """erf(x) / x with t = x^2."""
    return mp.erf(mp.sqrt(t)) / mp.sqrt(t) if t > 1e-12 else 2 / mp.sqrt(mp.pi)


def power_of_2(f):
    """2^f."""
    return mp.mpf(2) ** mp.mpf(f)


def main():
    half = float(mp.log(2) / 2) * 1.001
    show("exp p:", *lawson(exp_rest, lambda r: r * r, -half, half, 4))
    show("2^f:", *lawson(power_of_2, lambda f: 1 / float(power_of_2(f)), -0.5, 0.5, 4))
    for degree in (5, 6, 7):
        show(f"erf small {degree}", *lawson(erf_over_x, lambda t: 1 / float(erf_over_x(t)), 0, 1, degree))
    for degree in (6, 7, 8, 9):
        log_erfc = lawson(lambda x: mp.log(mp.erfc(x)), lambda x: float(mp.erfc(x)), 0.99, 4, degree)
        show(f"ln erfc {degree}", *log_erfc)


if __name__ == "__main__":
    main()
