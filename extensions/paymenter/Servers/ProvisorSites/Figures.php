<?php

declare(strict_types=1);

namespace Paymenter\Extensions\Servers\ProvisorSites;

/** Numbers as people read them. */
final class Figures
{
    /** With the unit of 1024 that fits. */
    public static function bytes(int $bytes): string
    {
        $units = ['B', 'KB', 'MB', 'GB', 'TB'];
        $power = $bytes < 1 ? 0 : min(count($units) - 1, (int) floor(log($bytes, 1024)));
        $value = $bytes / 1024 ** $power;
        return round($value, $value >= 10 || $power === 0 ? 0 : 1) . ' ' . $units[$power];
    }

    /** Of the limit, 0 to 100. */
    public static function percent(?int $used, int $limit): int
    {
        return $used === null || $limit < 1 ? 0 : max(0, min(100, (int) round(100 * $used / $limit)));
    }

    /** To the minute, in UTC; empty for what is no instant. */
    public static function instant(string $text): string
    {
        $seconds = strtotime($text);
        return $seconds === false ? '' : gmdate('Y-m-d H:i', $seconds) . ' UTC';
    }
}
