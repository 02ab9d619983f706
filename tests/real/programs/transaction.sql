-- One long transaction; the script is read from a file, statement by statement.
PRAGMA cache_size = 50;
BEGIN;
CREATE TABLE numbers(n INTEGER PRIMARY KEY, square INTEGER, text TEXT);
CREATE INDEX by_text ON numbers(text);
INSERT INTO numbers WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 200000)
  SELECT x, x * x, hex(x * 7919 % 10007) FROM c;
SELECT count(*), sum(square) FROM numbers;
UPDATE numbers SET text = text || '-' || (n % 13) WHERE n % 3 = 0;
SELECT text, count(*) FROM numbers GROUP BY text ORDER BY 2 DESC, 1 LIMIT 5;
DELETE FROM numbers WHERE n % 11 = 0;
SELECT count(*), sum(square) FROM numbers;
INSERT INTO numbers SELECT n + 1000000, square % 1000, text || 'x' FROM numbers;
SELECT text, sum(square) FROM numbers GROUP BY text ORDER BY 2 DESC, 1 LIMIT 5;
UPDATE numbers SET square = (SELECT count(*) FROM numbers b WHERE b.text = numbers.text);
SELECT sum(square) FROM numbers;
CREATE TABLE pairs AS SELECT a.n AS a, b.n AS b FROM numbers a JOIN numbers b ON b.text = a.text AND b.n > a.n;
SELECT count(*), sum(a * 31 + b) FROM pairs;
COMMIT;
PRAGMA integrity_check;
