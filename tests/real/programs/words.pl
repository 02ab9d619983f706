# Counts made-up words in a hash and prints the commonest, round after round.
use strict;
use warnings;
$| = 1;
my ($rounds) = @ARGV;
my ($state, %seen) = (12345);
for my $round (1 .. $rounds) {
    for (1 .. 40000) {
        $state = ($state * 1103515245 + 12345) % 2147483648;
        my $word = join '', map { chr(97 + ($state >> 3 * $_) % 7) } 1 .. 4;
        $seen{$word}++;
    }
    my @top = sort { $seen{$b} <=> $seen{$a} || $a cmp $b } keys %seen;
    print "$round: ", join(' ', map {"$_=$seen{$_}"} @top[0 .. 4]), "\n";
}
