<?php

declare(strict_types=1);

return [
    'connected' => 'Conectat la Provisor, iar cheia are drepturile necesare.',
];
