"""CRC-32C (Castagnoli, reflected polynomial 0x82f63b78) of many megabytes with numpy: the data are cut into equal lanes that go through
the byte table side by side, and the lanes' remainders are joined pairwise: crc(A B) = crc(A) moved on by |B| zero bytes, xor crc(B),
where moving on is a linear map over GF(2). An initial value of all ones is the same as inverting the first four bytes.
"""

import numpy as np

POLYNOMIAL = 0x82f63b78


def _table():
    t = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        t = np.where(t & 1, (t >> 1) ^ np.uint32(POLYNOMIAL), t >> 1).astype(np.uint32)
    return t


TABLE = _table()


def _step(crc, byte):
    return TABLE[(crc ^ byte) & np.uint32(255)] ^ (crc >> np.uint32(8))


def _apply(columns, x):
    """The linear map whose image of bit i is columns[i]."""
    y = np.zeros_like(x)
    for i in range(32):
        y ^= np.where((x >> np.uint32(i)) & np.uint32(1), columns[i], np.uint32(0)).astype(np.uint32)
    return y


def _zeros(n):
    """The map of n zero bytes, by squaring."""
    power = _step(np.uint32(1) << np.arange(32, dtype=np.uint32), np.uint32(0))
    result = np.uint32(1) << np.arange(32, dtype=np.uint32)
    while n:
        if n & 1:
            result = _apply(power, result)
        power = _apply(power, power)
        n >>= 1
    return result


def crc32c(data):
    data = np.frombuffer(data, dtype=np.uint8)
    if data.size < 4096:
        crc = np.uint32(0xffffffff)
        for byte in data:
            crc = _step(crc, np.uint32(byte))
        return int(crc) ^ 0xffffffff
    lanes = 1 << max(0, int(data.size).bit_length() - 11)
    length = -(-data.size // lanes)
    padded = np.zeros(lanes * length, np.uint8)                # zeros before the data change nothing when crc starts at 0
    start = padded.size - data.size
    padded[start:] = data
    padded[start:start + 4] ^= 0xff
    columns = np.ascontiguousarray(padded.reshape(lanes, length).T)
    crc = np.zeros(lanes, np.uint32)
    for row in columns:
        crc = _step(crc, row)
    move = _zeros(length)
    while crc.size > 1:
        crc = _apply(move, crc[0::2]) ^ crc[1::2]
        move = _apply(move, move)
    return int(crc[0]) ^ 0xffffffff


def mask(crc):
    """As LevelDB and TensorFlow store it."""
    return (((crc >> 15) | (crc << 17)) + 0xa282ead8) & 0xffffffff
