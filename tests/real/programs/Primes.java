import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Prime gaps and factorials in a thread pool, with enough garbage for the collector. */
public class Primes {
  static String work(int seed, int size) {
    Map<Integer, Integer> gaps = new HashMap<>();
    BigInteger prime = BigInteger.valueOf(1_000_000L * seed + 1).pow(3);
    for (int i = 0; i < size; i++) {
      BigInteger next = prime.nextProbablePrime();
      gaps.merge(next.subtract(prime).intValue(), 1, Integer::sum);
      prime = next;
    }
    BigInteger factorial = BigInteger.ONE;
    for (int i = 2; i < size * 2; i++) factorial = factorial.multiply(BigInteger.valueOf(i));
    return new java.util.TreeMap<>(gaps) + " " + factorial.mod(BigInteger.valueOf(1_000_000_007L * 13));
  }

  public static void main(String[] arguments) throws Exception {
    int jobs = Integer.parseInt(arguments[0]);
    ExecutorService pool = Executors.newFixedThreadPool(4);
    List<Future<String>> results = new ArrayList<>();
    for (int job = 1; job <= jobs; job++) {
      int seed = job;
      results.add(pool.submit(() -> work(seed, 700)));
    }
    for (Future<String> result : results) System.out.println(result.get());
    pool.shutdown();
  }
}
