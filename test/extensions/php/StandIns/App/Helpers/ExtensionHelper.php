<?php

declare(strict_types=1);

namespace App\Helpers;

use App\Models\Service;
use Exception;
use Illuminate\Support\Collection;

/** Stand-in for the way in which the panel calls an extension: what it passes, and in which order. */
class ExtensionHelper
{
    public static function getExtension($type, $extension, $config = [])
    {
        $class = '\\Paymenter\\Extensions\\' . ucfirst($type) . 's\\' . $extension . '\\' . $extension;
        if (!class_exists($class)) {
            throw new Exception('Extension "' . $class . '" not found');
        }
        return new $class(is_array($config) ? $config : self::settingsToArray($config));
    }

    /** @return array<string, mixed> */
    public static function settingsToArray($settings)
    {
        return $settings instanceof Collection ? $settings->pluck('value', 'key')->all() : [];
    }

    /** @return array<string, mixed> stored properties, and over them the chosen options */
    public static function getServiceProperties(Service $service)
    {
        $properties = [];
        foreach ($service->properties as $property) {
            $properties[$property->key] = $property->value;
        }
        foreach ($service->configs as $config) {
            $properties[$config->variable] = $config->value;
        }
        return $properties;
    }

    public static function callService(Service $service, $function, $args = [])
    {
        $server = $service->product->server;
        return self::getExtension('server', $server->extension, $server->settings)->$function(
            $service,
            self::settingsToArray($service->product->settings),
            self::getServiceProperties($service),
            ...$args
        );
    }
}
